"""GET /openapi.json: the OpenAPI 3.1 document, made from the same types and tables that the server runs on."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final, get_args

from dues.http.parameters import parameters_of
from dues.http.problems import PROBLEM_CONTENT_TYPE, PROBLEM_TYPES, Problem, ProblemType
from dues.http.schemas import component, schemas
from dues.lists.paging import PageBody
from dues.resources.api import OPERATIONS
from dues.resources.operation import Operation, Tag

_EVERY_CALL: Final = (
    "unauthorized",
    "key_revoked",
    "key_expired",
    "secret_key_required",
    "internal_error",
    "unavailable",
)

_EVERY_BODY: Final = (
    "malformed_json",
    "request_timeout",
    "payload_too_large",
    "unsupported_media_type",
)

_EVERY_WRITE: Final = ("validation_failed", "idempotency_key_invalid", "idempotency_key_reused", "request_in_progress")


def document(docs_base: str) -> dict[str, Any]:
    """The whole OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, docs_base)
    asked = [operation.body for operation in OPERATIONS if operation.body]
    answered = [operation.answer for operation in OPERATIONS]
    answered += [operation.previews[0] for operation in OPERATIONS if operation.previews]
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
        "tags": [{"name": tag} for tag in get_args(Tag)],
        "paths": paths,
        "components": {
            "schemas": schemas(asked, [*answered, Problem]),
            "headers": _HEADERS,
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
    "ETag": {
        "description": "The version of the object, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Next-Cursor": {
        "description": "The cursor of the next page, where there is one.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": 'The next page, where there is one: `<…>; rel="next"`.',
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}

_PROBLEM_HEADERS: Final = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}


def _operation(operation: Operation, docs_base: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation),
        "responses": _responses(operation, docs_base),
    }
    if operation.collectors:
        described["security"] = [{"secret_key": []}, {"collector_key": []}]
        described["description"] += " A collector's key opens it too."
    if operation.body:
        described["requestBody"] = _request_body(operation, operation.body)
    return described


def _responses(operation: Operation, docs_base: str) -> dict[str, Any]:
    responses = {str(operation.status): _success(operation)}
    if operation.previews:
        responses["200"] = _preview(*operation.previews)
    if operation.conditional and not operation.writes:
        responses["304"] = {
            "description": "It has not changed since `If-None-Match`.",
            "headers": _headers("Request-Id", "ETag"),
        }
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(_codes(operation)):
        by_status.setdefault(PROBLEM_TYPES[code].status, []).append(code)
    return responses | {
        str(status): _problem(status, by_status[status], operation, docs_base) for status in sorted(by_status)
    }


def _codes(operation: Operation) -> Iterator[str]:
    """The codes of all problems that it can answer with."""
    yield from operation.problems
    yield from _EVERY_CALL
    if operation.writes:
        yield from _EVERY_WRITE
    if operation.method == "POST":
        yield "idempotency_key_missing"
    if operation.body:
        yield from _EVERY_BODY
    elif operation.method != "GET":
        yield "payload_too_large"
        yield "request_timeout"
    if operation.conditional and operation.writes:
        yield "etag_mismatch"
    # Of the query string, where nothing else can be wrong.
    yield "validation_failed"


def _request_body(operation: Operation, body: type) -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{body.__name__}"},
                "examples": {name: {"value": example} for name, example in operation.bodies.items()},
            }
        },
    }


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if operation.parameter:
        path = {"name": operation.parameter, "in": "path", "required": True, "description": operation.named}
        found.append(path | {"schema": {"type": "string", "minLength": 1}})
    found += [parameter.described() for parameter in parameters_of(operation.query)]
    if operation.writes:
        found.append(_IDEMPOTENCY_KEY | {"required": operation.method == "POST"})
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


def _success(operation: Operation) -> dict[str, Any]:
    names = ["Request-Id"]
    if operation.writes:
        names.append("Idempotent-Replayed")
        if operation.tagged:
            names.append("ETag")
    elif operation.conditional:
        names.append("ETag")
    elif issubclass(operation.answer, PageBody):
        names += ["Next-Cursor", "Link"]
    return {
        "description": f"{operation.summary}: done.",
        "headers": _headers(*names),
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{component(operation.answer.__name__)}"},
                "example": operation.example,
            }
        },
    }


def _preview(answer: type, example: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": "With `?preview=true`: what it would do. Nothing is done.",
        "headers": _headers("Request-Id"),
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{component(answer.__name__)}"},
                "example": example,
            }
        },
    }


def _problem(status: int, codes: Sequence[str], operation: Operation, docs_base: str) -> dict[str, Any]:
    kinds = {code: PROBLEM_TYPES[code] for code in codes}
    names = ["Request-Id", *_PROBLEM_HEADERS.get(status, ())]
    if operation.writes and status in (404, 409, 422):
        names.append("Idempotent-Replayed")
    if status == 409:
        names.append("Retry-After")
    return {
        "description": " ".join(f"`{code}`: {kind.meaning}" for code, kind in kinds.items()),
        "headers": _headers(*names),
        "content": {
            PROBLEM_CONTENT_TYPE.decode(): {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    code: {"value": problem_example(code, kind, operation.path, docs_base)}
                    for code, kind in kinds.items()
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
