"""The journeys of feed, where tenants are spread over nodes."""

from tests.journeys.test_feed import *
