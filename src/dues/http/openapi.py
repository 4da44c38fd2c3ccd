"""GET /openapi.json: the OpenAPI 3.1 document, made from the same types and tables that the server runs on."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from dues.domain.closings import REASON_LENGTH_MAX
from dues.http.openapi_answers import HEADERS, lines_of, responses_of
from dues.http.openapi_schemas import reference, schemas
from dues.http.openapi_webhooks import SENT, WEBHOOKS_TAG, webhooks
from dues.http.parameters import parameters_of
from dues.http.problems import Problem
from dues.resources.api import OPERATIONS
from dues.resources.batch.lines import BatchLine
from dues.resources.doing import Batches, Receives, Streams
from dues.resources.operation import Operation, Tag


def document(docs_base: str, public_url: str = "") -> dict[str, Any]:
    """The whole OpenAPI document of a server that clients call at `public_url`; empty: wherever they found it."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, docs_base)
    asked: list[type] = [operation.body for operation in OPERATIONS if operation.body]
    asked.append(BatchLine)
    answered = [operation.answer for operation in OPERATIONS if not isinstance(operation.does, Streams)]
    answered += [operation.previews[0] for operation in OPERATIONS if operation.previews]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dues",
            "version": version("dues"),
            "summary": "Billing accounts: who owes what, proved by a ledger.",
            "description": "Money is an integer in the currency's smallest unit. A positive balance is owed, a "
            "negative one is credit, an absent one is not tracked. Optional members without a value are left out.",
            "contact": {"name": "Whoever runs this server"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url or "/", "description": "The server that gave you this document."}],
        "security": [{"secret_key": []}],
        "tags": [{"name": tag, "description": says} for tag, says in (*_TAGS.items(), _OF_WEBHOOKS)],
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "schemas": schemas(asked, [*answered, Problem, *SENT]),
            "headers": HEADERS,
            "securitySchemes": {
                "secret_key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A secret key: `sk_test_…` for test data, `sk_…` for live data.",
                },
                "collector_key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The key of a till, a bank or a partner that collects money: `ck_test_…`, `ck_…`.",
                },
            },
        },
    }


_TAGS: Final[Mapping[Tag, str]] = {
    "Customers": "Who owes: people and companies, each by your own reference.",
    "Accounts": "What a customer holds with you, and what is owed for it.",
    "Bills": "Amounts that are due, each on its own.",
    "Ledger": "How balances came to be what they are: entries that never change.",
    "Payments": "Money that came in, what it was applied to, and what went back.",
    "Payment links": "Pages that show somebody what they owe, and take payments for it.",
    "Payment requests": "One payment of so much that is asked for, on Moment's paths.",
    "Mails": "Receipts and statements that are sent by mail, and what became of that.",
    "Events": "What happened, in order: to be listed, or followed.",
    "Webhook endpoints": "Where events are sent to, and what became of them there.",
    "Test clock": "What time it is for test data.",
    "Batches": "Many calls in one request.",
    "Closings": "Days that are closed, with what they came to; what was entered of them all the same.",
    "Files": "Rows by the thousand: sent as a file, each with its verdict.",
    "Idempotency keys": "What became of a request that was not answered.",
}
"""The chapters, and what each is about."""

_OF_WEBHOOKS: Final = (WEBHOOKS_TAG, "What your endpoints are sent.")


def _operation(operation: Operation, docs_base: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation),
        "responses": responses_of(operation, docs_base),
    }
    if operation.collectors:
        described["security"] = [{"secret_key": []}, {"collector_key": []}]
        described["description"] += " A collector's key opens it too."
    if operation.body:
        described["requestBody"] = _request_body(operation, operation.body)
    if isinstance(operation.does, Receives):
        described["requestBody"] = {"required": True, "content": {operation.does.content_type: {"schema": _BYTES}}}
    if isinstance(operation.does, Batches):
        described["requestBody"] = {"required": True, "content": lines_of(operation.does, BatchLine)}
    return described


_BYTES: Final = {"type": "string", "format": "binary"}


def _request_body(operation: Operation, body: type) -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": reference(body.__name__),
                "examples": {name: {"value": example} for name, example in operation.bodies.items()},
            }
        },
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    said = ((operation.named, operation.names), operation.within or ("", ""))
    for name, (meaning, example) in zip(operation.parameters, said, strict=False):
        path = {"name": name, "in": "path", "required": True, "description": meaning}
        found.append(path | {"schema": {"type": "string", "minLength": 1}} | ({"example": example} if example else {}))
    found += [parameter.described() for parameter in parameters_of(operation.query)]
    if operation.writes:
        found.append(_IDEMPOTENCY_KEY | {"required": operation.method == "POST"})
    if "period_closed" in operation.problems:
        found.append(_CLOSED_PERIOD_REASON)
    if operation.conditional and operation.writes:
        found.append(_IF_MATCH | {"description": _OF_PAYABLE} if operation.previews else _IF_MATCH)
    elif operation.conditional:
        found.append(_IF_NONE_MATCH)
    return found


_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names this request, so that sending it again carries it out once. A UUID does well.",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    "example": "8f14e45f-ceea-467f-a8f5-7a5d3c2b1e90",
}

_CLOSED_PERIOD_REASON: Final = {
    "name": "Dues-Closed-Period-Reason",
    "in": "header",
    "description": "Why something is entered that is of a closed day: only by a secret key without restrictions.",
    "schema": {"type": "string", "minLength": 1, "maxLength": REASON_LENGTH_MAX},
}

_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "Change it only if this is still its `ETag`.",
    "schema": {"type": "string"},
}

_OF_PAYABLE: Final = "Take it only if this is still the `ETag` of what was `payable`: pay what you saw."

_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "Answer 304 if this is still its `ETag`.",
    "schema": {"type": "string"},
}
