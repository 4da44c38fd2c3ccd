"""GET /openapi.json: the OpenAPI 3.1 document, made from the same types and tables that the server runs on."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

import msgspec

from dues.domain.accounts import NewAccount
from dues.http.problems import PROBLEM_CONTENT_TYPE, PROBLEM_TYPES, Problem, ProblemType
from dues.resources.accounts.wire import AccountBody
from dues.resources.idempotency_keys.wire import IdempotencyKeyBody


@dataclass(frozen=True, slots=True)
class Operation:
    """What people are told of one method of one path. `problems` are the codes it can answer with, beside those
    of every billing call."""

    tag: str
    summary: str
    description: str
    status: int
    answer: type
    example: dict[str, Any]
    problems: Sequence[str]
    request: type | None = None
    request_examples: dict[str, dict[str, Any]] | None = None
    parameter: tuple[str, str] | None = None
    """(name, description) of the path's parameter"""


_ACCOUNT: Final = {
    "id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
    "external_reference": "UAR1234567890",
    "customer_id": "bcus_H4jp6KnU5cPw263v1jyz4",
    "name": "Fibre, Long Street 12",
    "currency": "ZAR",
    "balance": 2000,
    "payment_rules": {
        "min_amount": 100,
        "max_amount": 500000,
        "underpayment_allowed": True,
        "overpayment_allowed": False,
    },
    "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
}

_ACCOUNT_PARAMETER: Final = (
    "account",
    "The account's id (`bacc_…`) or external reference, percent-encoded: `INV/2024/001` is `INV%2F2024%2F001`.",
)

OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("POST", "/billing/accounts"): Operation(
        tag="Accounts",
        summary="Open an account",
        description="Opens an account for a customer: an existing one, named by id or by reference, or a new one, "
        "given as an object and created in the same transaction. If either is refused, neither exists.",
        status=201,
        answer=AccountBody,
        example=_ACCOUNT,
        problems=(
            "customer_not_found",
            "external_reference_taken",
            "request_in_progress",
            "amount_out_of_range",
            "idempotency_key_reused",
        ),
        request=NewAccount,
        request_examples={
            "existing customer": {
                "customer": "bcus_H4jp6KnU5cPw263v1jyz4",
                "external_reference": "UAR1234567890",
                "name": "Fibre, Long Street 12",
                "currency": "ZAR",
                "balance": 2000,
                "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
            },
            "new customer": {
                "customer": {
                    "external_reference": "CUST-1042",
                    "name": "Jane Doe",
                    "email": "jane@example.com",
                },
                "external_reference": "UAR1234567891",
            },
        },
    ),
    ("GET", "/billing/accounts/{account}"): Operation(
        tag="Accounts",
        summary="Retrieve an account",
        description="By its id or by its external reference. What was answered with 201 is there at once.",
        status=200,
        answer=AccountBody,
        example=_ACCOUNT,
        problems=("account_not_found",),
        parameter=_ACCOUNT_PARAMETER,
    ),
    ("GET", "/billing/idempotency_keys/{idempotency_key}"): Operation(
        tag="Idempotency keys",
        summary="What became of an idempotency key",
        description="For a program that lost an answer: whether the request under this key was carried out, how it "
        "was answered, and what it created.",
        status=200,
        answer=IdempotencyKeyBody,
        example={
            "key": "8f14e45f-ceea-467f-a8f5-7a5d3c2b1e90",
            "state": "completed",
            "status": 201,
            "method": "POST",
            "path": "/billing/accounts",
            "request_id": "req_0Ue8xPq2dK7mN4vRtYw3z",
            "created_at": "2026-01-05T08:30:00Z",
            "expires_at": "2026-01-06T08:30:00Z",
            "object_id": "bacc_0Ue8xPq2dK7mN4vRtYw3z",
        },
        problems=("idempotency_key_not_found",),
        parameter=("idempotency_key", "The `Idempotency-Key` of the first request, percent-encoded."),
    ),
}

_EVERY_CALL: Final = (
    "unauthorized",
    "key_revoked",
    "key_expired",
    "secret_key_required",
    "internal_error",
    "unavailable",
)

_EVERY_WRITE: Final = (
    "malformed_json",
    "validation_failed",
    "idempotency_key_missing",
    "idempotency_key_invalid",
    "request_timeout",
    "payload_too_large",
    "unsupported_media_type",
)


def document(docs_base: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    requests = [operation.request for operation in OPERATIONS.values() if operation.request]
    answers = [operation.answer for operation in OPERATIONS.values()]
    _, asked = msgspec.json.schema_components(requests, ref_template="#/components/schemas/{name}")
    _, answered = msgspec.json.schema_components([*answers, Problem], ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, operation, docs_base)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dues",
            "version": version("dues"),
            "summary": "Billing accounts: who owes what, proved by a ledger.",
            "description": "Money is an integer in the currency's smallest unit. A positive balance is owed, a "
            "negative one is credit, an absent one is not tracked. Optional members without a value are left out.",
            "license": {"name": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"secret_key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in OPERATIONS.values())],
        "paths": paths,
        "components": {
            "schemas": {_component(name): _for_people(_without_null(schema)) for name, schema in answered.items()}
            | {name: _for_people(schema) for name, schema in asked.items()},
            "headers": _HEADERS,
            "securitySchemes": {
                "secret_key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A secret key: `sk_test_…` for test data, `sk_…` for live data.",
                }
            },
        },
    }


_HEADERS: Final = {
    "Request-Id": {
        "description": "Names this exchange; quote it when you ask for help.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9A-Za-z]{21}$"},
    },
    "Idempotent-Replayed": {
        "description": "`true` where the stored first answer is given again; absent on a first answer.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}

_PROBLEM_HEADERS: Final = {401: ("WWW-Authenticate",), 409: ("Idempotent-Replayed",), 503: ("Retry-After",)}


def _operation(method: str, path: str, operation: Operation, docs_base: str) -> dict[str, Any]:
    writes = operation.request is not None
    codes = [*operation.problems, *_EVERY_CALL, *(_EVERY_WRITE if writes else ())]
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEM_TYPES[code].status, []).append(code)
    responses = {str(operation.status): _success(operation, writes)} | {
        str(status): _problem(status, by_status[status], path, docs_base, writes) for status in sorted(by_status)
    }
    described = {
        "operationId": f"{operation.summary.lower().replace(' ', '_')}",
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation, writes),
        "responses": responses,
    }
    if operation.request:
        described["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"#/components/schemas/{operation.request.__name__}"},
                    "examples": {
                        name: {"value": example} for name, example in (operation.request_examples or {}).items()
                    },
                }
            },
        }
    return described


def _parameters(operation: Operation, writes: bool) -> list[dict[str, Any]]:
    found = []
    if operation.parameter:
        name, description = operation.parameter
        schema = {"type": "string", "minLength": 1}
        found.append({"name": name, "in": "path", "required": True, "description": description, "schema": schema})
    if writes:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Names this request, so that sending it again carries it out once. A UUID does well.",
                "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
                "example": "8f14e45f-ceea-467f-a8f5-7a5d3c2b1e90",
            }
        )
    return found


def _success(operation: Operation, writes: bool) -> dict[str, Any]:
    return {
        "description": f"{operation.summary}: done.",
        "headers": _headers("Request-Id", *(["Idempotent-Replayed"] if writes else [])),
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{_component(operation.answer.__name__)}"},
                "example": operation.example,
            }
        },
    }


def _problem(status: int, codes: Sequence[str], path: str, docs_base: str, writes: bool) -> dict[str, Any]:
    kinds = {code: PROBLEM_TYPES[code] for code in codes}
    names = ("Request-Id", *_PROBLEM_HEADERS.get(status, ()))
    if writes and status in (404, 422):
        names = (*names, "Idempotent-Replayed")
    return {
        "description": " ".join(f"`{code}`: {kind.meaning}" for code, kind in kinds.items()),
        "headers": _headers(*names),
        "content": {
            PROBLEM_CONTENT_TYPE.decode(): {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    code: {"value": problem_example(code, kind, path, docs_base)} for code, kind in kinds.items()
                },
            }
        },
    }


def problem_example(code: str, kind: ProblemType, path: str, docs_base: str) -> dict[str, Any]:
    """A problem as a client would see it."""
    example: dict[str, Any] = {
        "type": f"{docs_base}/errors#{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": path,
        "code": code,
        "request_id": "req_0Ue8xPq2dK7mN4vRtYw3z",
    }
    if code == "validation_failed":
        example["errors"] = [
            {"pointer": "/balance", "code": "wrong_type", "detail": "must be an integer, not a string."}
        ]
    return example


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _without_null(schema: Any) -> Any:
    """The schema of an answer: what has no value is left out, so nothing in it is ever null."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _without_null(value) for name, value in schema.items() if not (name == "default" and value is None)}
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return kept | choices[0]
    return kept


def _component(name: str) -> str:
    """What clients call an answer's type: Account for AccountBody."""
    return name.removesuffix("Body")


def _for_people(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its docstring as prose, and without the name of our class."""
    named = {key: value for key, value in schema.items() if key != "title"}
    return named | {"description": cleandoc(schema["description"])} if "description" in schema else named
