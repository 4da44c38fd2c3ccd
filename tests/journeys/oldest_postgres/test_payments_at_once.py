"""Payments, on the oldest PostgreSQL."""

from tests.journeys.test_payments_at_once import *
