"""The journeys of idempotency races, where tenants are spread over nodes."""

from tests.journeys.test_idempotency_races import *
