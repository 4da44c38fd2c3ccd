"""GET /openapi.json: the OpenAPI 3.1 document, made from the same types and tables that the server runs on."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, Final

import msgspec

from dues.http.operation import Operation
from dues.http.operations import OPERATIONS
from dues.http.pages import PageBody
from dues.http.problems import PROBLEM_CONTENT_TYPE, PROBLEM_TYPES, Problem, ProblemType

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
    requests = list(dict.fromkeys(operation.request for operation in OPERATIONS.values() if operation.request))
    answers = list(dict.fromkeys(operation.answer for operation in OPERATIONS.values()))
    answers += [operation.previews[0] for operation in OPERATIONS.values() if operation.previews]
    _, asked = msgspec.json.schema_components(requests, ref_template="#/components/schemas/{name}")
    _, answered = msgspec.json.schema_components([*answers, Problem], ref_template="#/components/schemas/{name}")
    assert not {_component(name) for name in answered} & asked.keys() - answered.keys(), "one name for two things"
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


def _operation(method: str, path: str, operation: Operation, docs_base: str) -> dict[str, Any]:
    codes = [*operation.problems, *_EVERY_CALL]
    if method in ("POST", "PATCH"):
        codes += _EVERY_WRITE
    if method == "DELETE":
        codes += ["validation_failed", "payload_too_large", "request_timeout"]
    if method == "POST":
        codes.append("idempotency_key_missing")
    if operation.request:
        codes += _EVERY_BODY
    elif method == "POST":
        codes.append("payload_too_large")
        codes.append("request_timeout")
    if operation.conditional and method != "GET":
        codes.append("etag_mismatch")
    # Of the query string, where nothing else can be wrong.
    codes.append("validation_failed")
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(PROBLEM_TYPES[code].status, []).append(code)
    responses = {str(operation.status): _success(method, operation)}
    if operation.previews:
        responses["200"] = _preview(*operation.previews)
    if operation.conditional and method == "GET":
        responses["304"] = {
            "description": "It has not changed since `If-None-Match`.",
            "headers": _headers("Request-Id", "ETag"),
        }
    responses |= {
        str(status): _problem(status, by_status[status], path, docs_base, method in ("POST", "PATCH"))
        for status in sorted(by_status)
    }
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(method, operation),
        "responses": responses,
    }
    if operation.collectors:
        described["security"] = [{"secret_key": []}, {"collector_key": []}]
        described["description"] += " A collector's key opens it too."
    if operation.request:
        described["requestBody"] = _request_body(operation, operation.request)
    return described


def _request_body(operation: Operation, request: type) -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{request.__name__}"},
                "examples": {name: {"value": example} for name, example in operation.request_examples.items()},
            }
        },
    }


def _parameters(method: str, operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if operation.parameter:
        name, description = operation.parameter
        schema = {"type": "string", "minLength": 1}
        found.append({"name": name, "in": "path", "required": True, "description": description, "schema": schema})
    found += operation.query
    if method in ("POST", "PATCH"):
        found.append(_IDEMPOTENCY_KEY | {"required": method == "POST"})
    if operation.conditional:
        if_match = _IF_MATCH | {"description": _OF_PAYABLE} if operation.previews else _IF_MATCH
        found.append(_IF_NONE_MATCH if method == "GET" else if_match)
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


def _success(method: str, operation: Operation) -> dict[str, Any]:
    names = ["Request-Id"]
    if method in ("POST", "PATCH"):
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
                "schema": {"$ref": f"#/components/schemas/{_component(operation.answer.__name__)}"},
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
                "schema": {"$ref": f"#/components/schemas/{_component(answer.__name__)}"},
                "example": example,
            }
        },
    }


def _problem(status: int, codes: Sequence[str], path: str, docs_base: str, writes: bool) -> dict[str, Any]:
    kinds = {code: PROBLEM_TYPES[code] for code in codes}
    names = ["Request-Id", *_PROBLEM_HEADERS.get(status, ())]
    if writes and status in (404, 409, 422):
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
    if isinstance(schema.get("$ref"), str):
        return schema | {"$ref": _component(schema["$ref"])}
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
