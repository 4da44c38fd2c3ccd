"""The journeys of held money at once, where tenants are spread over nodes."""

from tests.journeys.test_held_money_at_once import *
