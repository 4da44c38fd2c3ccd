"""The journeys of hot account, where tenants are spread over nodes."""

from tests.journeys.test_hot_account import *
