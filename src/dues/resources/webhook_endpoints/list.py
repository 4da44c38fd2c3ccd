"""GET /billing/webhook_endpoints: where events are sent, newest first."""

from dues.db.database import Database
from dues.lists.listing import Listing, Query
from dues.lists.pages import find_page
from dues.resources.webhook_endpoints.store import COLUMNS, endpoint_of
from dues.webhooks.wire import WebhookEndpointBody, webhook_endpoint_body

WEBHOOK_ENDPOINTS = Listing(
    name="webhook_endpoints",
    prefix="whe_",
    columns=COLUMNS,
    table="webhook_endpoints e",
    alias="e",
    filters={"status": "e.status = {}"},
    statuses=("enabled", "disabled"),
    has_metadata=False,
)


async def list_webhook_endpoints(database: Database, tenant_id: int, query: Query) -> list[WebhookEndpointBody]:
    """A page and, where there are more, one endpoint of the next."""
    rows = await find_page(database, WEBHOOK_ENDPOINTS, tenant_id, query)
    return [webhook_endpoint_body(endpoint_of(row)) for row in rows]
