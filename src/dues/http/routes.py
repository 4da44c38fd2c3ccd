"""Every path of the server, on one screen."""

import msgspec

from dues.domain.accounts import NewAccount
from dues.http.endpoints import HTML, Floor, fixed, read, write
from dues.http.front_door import Routes
from dues.http.health import healthz, metrics, readyz
from dues.http.metrics import Metrics
from dues.http.openapi import document
from dues.http.problems import PROBLEM_TYPES
from dues.pages.docs import docs_page
from dues.pages.errors import errors_page
from dues.resources.accounts.create import CREATE_ACCOUNTS
from dues.resources.accounts.read import READ_ACCOUNTS
from dues.resources.idempotency_keys.read import READ_IDEMPOTENCY_KEYS


def routes(floor: Floor, counts: Metrics) -> Routes:
    """Path to method to endpoint."""
    openapi = document(floor.docs_base)
    return {
        "/billing/accounts": {"POST": write(floor, CREATE_ACCOUNTS, NewAccount, 201)},
        "/billing/accounts/{account}": {"GET": read(floor, READ_ACCOUNTS, "account", "account_not_found")},
        "/billing/idempotency_keys/{key}": {
            "GET": read(floor, READ_IDEMPOTENCY_KEYS, "key", "idempotency_key_not_found")
        },
        "/healthz": {"GET": healthz},
        "/readyz": {"GET": readyz(floor)},
        "/metrics": {"GET": metrics(floor, counts)},
        "/openapi.json": {"GET": fixed(msgspec.json.encode(openapi), b"application/json")},
        "/docs": {"GET": fixed(docs_page(openapi), HTML)},
        "/docs/errors": {"GET": fixed(errors_page(PROBLEM_TYPES), HTML)},
    }
