"""The journeys of isolation, where tenants are spread over nodes."""

from tests.journeys.test_isolation import *
