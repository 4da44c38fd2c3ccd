"""Every path about events, on one screen."""

from dues.domain.webhook_endpoints import NewWebhookEndpoint, Resend, WebhookEndpointChanges
from dues.http.endpoints import Floor, change, create, read
from dues.http.events import events
from dues.http.lists import listing
from dues.http.route_table import Routes
from dues.http.webhooks import delete_webhook_endpoint, deliveries
from dues.resources.events.read import READ_EVENTS
from dues.resources.webhook_endpoints.create import create_webhook_endpoints
from dues.resources.webhook_endpoints.read import READ_WEBHOOK_ENDPOINTS
from dues.resources.webhook_endpoints.resend import RESEND
from dues.resources.webhook_endpoints.rotate_secret import ROTATE_SECRETS
from dues.resources.webhook_endpoints.send_test import SEND_TEST_EVENTS
from dues.resources.webhook_endpoints.store import WEBHOOK_ENDPOINTS, list_webhook_endpoints
from dues.resources.webhook_endpoints.update import update_webhook_endpoints


def event_routes(floor: Floor) -> Routes:
    """Path to method to endpoint."""
    endpoint, allow_private = "webhook_endpoint", floor.webhook_allow_private
    return {
        "/billing/events": {"GET": events(floor)},
        "/billing/events/{event}": {"GET": read(floor, READ_EVENTS, "event")},
        "/billing/webhook_endpoints": {
            "GET": listing(floor, WEBHOOK_ENDPOINTS, list_webhook_endpoints),
            "POST": create(floor, create_webhook_endpoints(allow_private), NewWebhookEndpoint),
        },
        "/billing/webhook_endpoints/{webhook_endpoint}": {
            "GET": read(floor, READ_WEBHOOK_ENDPOINTS, endpoint),
            "PATCH": change(floor, update_webhook_endpoints(allow_private), endpoint, WebhookEndpointChanges, 200),
            "DELETE": delete_webhook_endpoint(floor),
        },
        "/billing/webhook_endpoints/{webhook_endpoint}/rotate_secret": {
            "POST": change(floor, ROTATE_SECRETS, endpoint, None, 200)
        },
        "/billing/webhook_endpoints/{webhook_endpoint}/test": {
            "POST": change(floor, SEND_TEST_EVENTS, endpoint, None, 201)
        },
        "/billing/webhook_endpoints/{webhook_endpoint}/resend": {"POST": change(floor, RESEND, endpoint, Resend, 202)},
        "/billing/webhook_endpoints/{webhook_endpoint}/deliveries": {"GET": deliveries(floor)},
    }
