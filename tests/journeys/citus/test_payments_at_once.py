"""The journeys of payments at once, where tenants are spread over nodes."""

from tests.journeys.test_payments_at_once import *
