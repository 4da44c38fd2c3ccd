"""Lists: a page at a time, with a cursor to the next."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from dues.db.database import Database
from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor, named
from dues.http.exchange import Exchange
from dues.http.pages import PageBody
from dues.http.problems import ProblemError, Reply
from dues.http.queries import filters_of, list_query
from dues.ledger.history import list_history
from dues.lists.cursors import make_cursor
from dues.lists.listing import Listing, Query
from dues.work.work import Work

FindPage = Callable[[Database, int, Query], Awaitable[Sequence[Any]]]


def listing(floor: Floor, what: Listing, find: FindPage) -> Endpoint:
    """An endpoint that answers with a page of what `find` finds."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant_id = (await authenticate(exchange, floor.keys)).tenant_id
        query = list_query(
            exchange.query_string,
            tenant_id,
            what.name,
            what.names,
            f"{what.prefix}[0-9A-Za-z]+",
            what.statuses,
            what.has_metadata,
        )
        found = await find(floor.database, tenant_id, query)
        shown = list(found[: query.limit])
        last = shown[-1].id if len(found) > query.limit else None
        return page(exchange, tenant_id, what.name, query, shown, last)

    return endpoint


def history(floor: Floor, parameter: str, find: Callable[[Work, int, str], Awaitable[str | None]]) -> Endpoint:
    """An endpoint that answers with a page of the entries of the object that the path's `parameter` names."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant_id = (await authenticate(exchange, floor.keys)).tenant_id
        name = named(exchange, parameter)
        async with floor.database.transaction() as tx:
            owner_id = await find(Work(tx, datetime.now(UTC)), tenant_id, name)
        if owner_id is None:
            raise ProblemError(f"{parameter}_not_found", f"There is no {parameter} {name!r}.")
        list_name = f"entries of {owner_id}"
        query = list_query(exchange.query_string, tenant_id, list_name, (), "[1-9][0-9]{0,17}", has_metadata=False)
        before = int(query.after) if query.after else None
        found = await list_history(floor.database, tenant_id, owner_id, before, query.limit + 1)
        shown = found[: query.limit]
        last = str(shown[-1][0]) if len(found) > query.limit else None
        return page(exchange, tenant_id, list_name, query, [body for _, body in shown], last)

    return endpoint


def page(exchange: Exchange, tenant_id: int, list_name: str, query: Query, data: list[Any], last: str | None) -> Reply:
    """The answer with a page of a list, and with a cursor to what follows `last`."""
    if last is None:
        return Reply(200, msgspec.json.encode(PageBody(data=data, has_more=False)))
    filters = filters_of(query)
    cursor = make_cursor(tenant_id, list_name, filters, last)
    body = msgspec.json.encode(PageBody(data=data, has_more=True, next_cursor=cursor))
    return Reply(200, body, headers=next_headers(exchange.path, filters, query.limit, cursor))


def next_headers(path: str, filters: Mapping[str, str], limit: int, cursor: str) -> list[tuple[bytes, bytes]]:
    """The headers that lead to the next page."""
    target = f"{path}?{urlencode({**filters, 'limit': limit, 'cursor': cursor})}"
    return [(b"next-cursor", cursor.encode()), (b"link", f'<{target}>; rel="next"'.encode())]
