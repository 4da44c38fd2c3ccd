"""The journeys of daily limit, where tenants are spread over nodes."""

from tests.journeys.test_daily_limit import *
