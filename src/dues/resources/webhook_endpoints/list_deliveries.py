"""GET /billing/webhook_endpoints/{webhook_endpoint}/deliveries: what became of events there."""

from dues.domain.refusals import Refusal, not_found
from dues.lists.paging import PageBody, page_of, place_of
from dues.resources.doing import Call
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.wire import delivery_body


async def list_deliveries(call: Call) -> PageBody | Refusal:
    """A page of it, newest event first."""
    query, tenant, list_name = call.query, call.tenant, f"deliveries of {call.name}"
    before = place_of(query, tenant, list_name, "evt_[0-9A-Za-z]+")
    if not await store.is_webhook_endpoint(call.database, tenant, call.name):
        return not_found("webhook_endpoint", call.name)
    rows = await store.list_deliveries(call.database, tenant, call.name, before, query.status, query.limit + 1)
    return page_of(query, tenant, list_name, [(row["event_id"], delivery_body(row)) for row in rows])
