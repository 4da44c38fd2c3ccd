"""Webhook endpoints: deleting one, and what became of its deliveries."""

from typing import Final

import msgspec

from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor, named
from dues.http.exchange import Exchange
from dues.http.lists import page
from dues.http.problems import ProblemError, Reply
from dues.http.queries import list_query, nothing
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.wire import DeletedBody, delivery_body

STATUSES: Final = ("succeeded", "pending", "failed")


def delete_webhook_endpoint(floor: Floor) -> Endpoint:
    """An endpoint that deletes one, and all that waits for it."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant = (await authenticate(exchange, floor.keys)).tenant
        nothing(exchange.query_string)
        await exchange.no_body()
        name = named(exchange, "webhook_endpoint")
        if not await store.delete_webhook_endpoint(floor.database, tenant, name):
            raise _not_found(name)
        return Reply(200, msgspec.json.encode(DeletedBody(id=name)))

    return endpoint


def deliveries(floor: Floor) -> Endpoint:
    """An endpoint that answers with a page of what became of events at a webhook endpoint."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant = (await authenticate(exchange, floor.keys)).tenant
        name = named(exchange, "webhook_endpoint")
        list_name = f"deliveries of {name}"
        query = list_query(
            exchange.query_string, tenant, list_name, ("status",), "evt_[0-9A-Za-z]+", STATUSES, has_metadata=False
        )
        if not await store.is_webhook_endpoint(floor.database, tenant, name):
            raise _not_found(name)
        found = await store.list_deliveries(
            floor.database, tenant, name, query.after, query.filters.get("status"), query.limit + 1
        )
        shown = [delivery_body(row) for row in found[: query.limit]]
        last = shown[-1].event_id if len(found) > query.limit else None
        return page(exchange, tenant, list_name, query, shown, last)

    return endpoint


def _not_found(name: str) -> ProblemError:
    return ProblemError("webhook_endpoint_not_found", f"There is no webhook endpoint {name!r}.")
