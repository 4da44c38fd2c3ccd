"""Every path of the server: the operations of the API, and the doors that are open to everybody."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from dues.http.context import Context, Endpoint
from dues.http.endpoints import endpoint_of
from dues.http.exchange import Exchange
from dues.http.health import healthz, metrics, readyz
from dues.http.metrics import Metrics
from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.http.problems import Reply
from dues.http.route_table import Routes
from dues.pages.docs import docs_page
from dues.pages.errors import errors_page
from dues.resources.api import OPERATIONS

HTML: Final = b"text/html; charset=utf-8"


def routes(context: Context, counts: Metrics) -> Routes:
    """Path to method to endpoint."""
    api: dict[str, dict[str, Endpoint]] = {}
    for operation in OPERATIONS:
        api.setdefault(operation.path, {})[operation.method] = endpoint_of(context, operation)
    openapi = document(context.docs_base)
    return {
        **api,
        "/healthz": {"GET": healthz},
        "/readyz": {"GET": readyz(context)},
        "/metrics": {"GET": metrics(context, counts)},
        "/openapi.json": {"GET": _fixed(msgspec.json.encode(openapi), b"application/json")},
        "/docs": {"GET": _made_once(partial(docs_page, openapi))},
        "/docs/errors": {"GET": _made_once(partial(errors_page, PROBLEM_TYPES))},
    }


def _fixed(body: bytes, content_type: bytes) -> Endpoint:
    """An endpoint that always answers the same."""

    async def endpoint(_exchange: Exchange) -> Reply:
        return Reply(200, body, content_type)

    return endpoint


def _made_once(page: Callable[[], bytes]) -> Endpoint:
    """An endpoint that always answers with the same page, made when somebody first asks for it: a tenth of a second
    that no start waits for, and no other request, since another thread takes it."""
    made: list[bytes] = []

    async def endpoint(_exchange: Exchange) -> Reply:
        if not made:
            made.append(await asyncio.to_thread(page))
        return Reply(200, made[0], HTML)

    return endpoint
