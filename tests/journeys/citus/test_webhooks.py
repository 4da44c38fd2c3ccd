"""The journeys of webhooks, where tenants are spread over nodes."""

from tests.journeys.test_webhooks import *
