"""The feed of events, on the oldest PostgreSQL."""

from tests.journeys.test_feed import *
