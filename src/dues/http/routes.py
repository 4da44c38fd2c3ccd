"""Every path of the server: the operations of the API, and the doors that are open to everybody."""

from typing import Final

import msgspec

from dues.http.context import Context, Endpoint
from dues.http.endpoints import endpoint_of
from dues.http.exchange import Exchange
from dues.http.health import healthz, metrics, readyz
from dues.http.metrics import Metrics
from dues.http.openapi import document
from dues.http.problems import PROBLEM_TYPES, Reply
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
        "/docs": {"GET": _fixed(docs_page(openapi), HTML)},
        "/docs/errors": {"GET": _fixed(errors_page(PROBLEM_TYPES), HTML)},
    }


def _fixed(body: bytes, content_type: bytes) -> Endpoint:
    """An endpoint that always answers the same."""

    async def endpoint(_exchange: Exchange) -> Reply:
        return Reply(200, body, content_type)

    return endpoint
