"""The journeys of contract stateful, where tenants are spread over nodes."""

from tests.journeys.test_contract_stateful import *
