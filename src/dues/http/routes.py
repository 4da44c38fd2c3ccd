"""Every path of the server: the operations of the API, and the doors that are open to everybody."""

from functools import partial
from typing import Final

import msgspec

from dues.http.context import Context, Endpoint
from dues.http.desk.rooms import desk_pages
from dues.http.documents import documents
from dues.http.endpoints import endpoint_of
from dues.http.health import healthz, metrics, readyz
from dues.http.metrics import Metrics
from dues.http.openapi import document
from dues.http.pay_pages import pay_pages
from dues.http.presenting import SUFFIXES, forms_of, present
from dues.http.problem_types import PROBLEM_TYPES
from dues.http.route_table import Routes
from dues.pages.site import File, site
from dues.resources.api import OPERATIONS
from dues.resources.doing import Batches, Presents, Receives

STREAMING: Final = tuple(operation.path for operation in OPERATIONS if isinstance(operation.does, Receives | Batches))
"""Paths whose POST has its body read while it arrives."""


def routes(context: Context, counts: Metrics) -> Routes:
    """Path to method to endpoint."""
    api: dict[str, dict[str, Endpoint]] = {}
    for operation in OPERATIONS:
        api.setdefault(operation.path, {})[operation.method] = endpoint_of(context, operation)
        if isinstance(operation.does, Presents):
            offered = forms_of(operation.does)
            for suffix, media_type in SUFFIXES.items():
                if media_type not in offered:
                    continue
                only = present(context, operation, operation.does, media_type)
                api[operation.path + suffix] = {operation.method: only}
    openapi = document(context.docs_base, context.public_url)
    files = {
        **site(openapi, PROBLEM_TYPES),
        "/openapi.json": File(partial(msgspec.json.encode, openapi), "application/json"),
    }
    return {
        **api,
        **documents(files, context.public_url),
        **pay_pages(context),
        **desk_pages(context, api),
        "/healthz": {"GET": healthz},
        "/readyz": {"GET": readyz(context)},
        "/metrics": {"GET": metrics(counts)},
    }
