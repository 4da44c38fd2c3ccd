"""The journeys of webhooks again, where tenants are spread over nodes."""

from tests.journeys.test_webhooks_again import *
