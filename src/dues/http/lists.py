"""Lists: a page at a time, with a cursor to the next."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from dues.commands.kind import Kind, find_id
from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor, named
from dues.http.exchange import Exchange
from dues.http.pages import PageBody
from dues.http.problems import ProblemError, Reply
from dues.http.queries import filters_of, list_query
from dues.ledger.history import list_history
from dues.lists.cursors import make_cursor
from dues.lists.listing import Listing, Query

FindPage = Callable[[Database, Tenant, Query], Awaitable[Sequence[Any]]]


def listing(floor: Floor, what: Listing, find: FindPage) -> Endpoint:
    """An endpoint that answers with a page of what `find` finds."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant = (await authenticate(exchange, floor.keys)).tenant
        query = list_query(
            exchange.query_string,
            tenant,
            what.name,
            what.names,
            f"{what.prefix}[0-9A-Za-z]+",
            what.statuses,
            what.has_metadata,
        )
        found = await find(floor.database, tenant, query)
        shown = list(found[: query.limit])
        last = shown[-1].id if len(found) > query.limit else None
        return page(exchange, tenant, what.name, query, shown, last)

    return endpoint


def history(floor: Floor, kind: Kind[Any]) -> Endpoint:
    """An endpoint that answers with a page of the entries of the object that the path names."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant = (await authenticate(exchange, floor.keys)).tenant
        name = named(exchange, kind.noun)
        owner_id = await find_id(floor.database, kind, tenant, name)
        if owner_id is None:
            raise ProblemError(f"{kind.noun}_not_found", f"There is no {kind.noun} {name!r}.")
        list_name = f"entries of {owner_id}"
        query = list_query(exchange.query_string, tenant, list_name, (), "[1-9][0-9]{0,17}", has_metadata=False)
        before = int(query.after) if query.after else None
        found = await list_history(floor.database, tenant, owner_id, before, query.limit + 1)
        shown = found[: query.limit]
        last = str(shown[-1][0]) if len(found) > query.limit else None
        return page(exchange, tenant, list_name, query, [body for _, body in shown], last)

    return endpoint


def page(exchange: Exchange, tenant: Tenant, list_name: str, query: Query, data: list[Any], last: str | None) -> Reply:
    """The answer with a page of a list, and with a cursor to what follows `last`."""
    if last is None:
        return Reply(200, msgspec.json.encode(PageBody(data=data, has_more=False)))
    filters = filters_of(query)
    cursor = make_cursor(tenant, list_name, filters, last)
    body = msgspec.json.encode(PageBody(data=data, has_more=True, next_cursor=cursor))
    return Reply(200, body, headers=next_headers(exchange.path, filters, query.limit, cursor))


def next_headers(path: str, filters: Mapping[str, str], limit: int, cursor: str) -> list[tuple[bytes, bytes]]:
    """The headers that lead to the next page."""
    target = f"{path}?{urlencode({**filters, 'limit': limit, 'cursor': cursor})}"
    return [(b"next-cursor", cursor.encode()), (b"link", f'<{target}>; rel="next"'.encode())]
