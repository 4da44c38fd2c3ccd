"""What an operation can answer, for the OpenAPI document: done, unchanged, and every problem with an example."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dues.http.openapi_schemas import component, reference
from dues.http.problem_types import PROBLEM_TYPES, ProblemType
from dues.http.problems import PROBLEM_CONTENT_TYPE
from dues.lists.paging import PageBody
from dues.resources.doing import Batches, Lists, Presents, Receives, Streams
from dues.resources.operation import Operation

_EVERY_CALL: Final = (
    "unauthorized",
    "key_revoked",
    "key_expired",
    "secret_key_required",
    "key_not_allowed",
    "address_not_allowed",
    "too_many_requests",
    "internal_error",
    "unavailable",
)

_EVERY_BODY: Final = ("malformed_json", "request_timeout", "payload_too_large", "unsupported_media_type")

_EVERY_WRITE: Final = ("validation_failed", "idempotency_key_invalid", "idempotency_key_reused", "request_in_progress")

HEADERS: Final = {
    "Request-Id": {
        "description": "Names this exchange; quote it when you ask for help.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9A-Za-z]{21}$"},
    },
    "Idempotent-Replayed": {
        "description": "`true` where the stored first answer is given again; absent on a first answer.",
        "schema": {"type": "string"},
        "example": "true",
    },
    "ETag": {
        "description": "The version of the object, for `If-Match` and `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Dues-Warning": {
        "description": "Payments that the new balance overwrites, and their sum in the smallest unit, less what was "
        "reversed of them: send `balance_as_of` to keep them. Absent where there are none. `of_last`: so many entries "
        "were looked at, and there are more.",
        "schema": {"type": "string"},
        "example": "payments_overwritten;sum=2000;currency=ZAR",
    },
    "Next-Cursor": {"description": "The cursor of the next page, where there is one.", "schema": {"type": "string"}},
    "Link": {"description": 'The next page, where there is one: `<…>; rel="next"`.', "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "format": "int32"}},
    "RateLimit-Policy": {
        "description": 'How often this key may be used, where that is limited: `"key";q=100;w=1` is 100 in 1 second.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left: `"key";r=42;t=1` is 42, and all of it again in 1 second.',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
}

_RATE_LIMIT: Final = ("RateLimit-Policy", "RateLimit")

_PROBLEM_HEADERS: Final = {401: ("WWW-Authenticate",), 429: ("Retry-After", *_RATE_LIMIT), 503: ("Retry-After",)}


def responses_of(operation: Operation, docs_base: str) -> dict[str, Any]:
    """By status."""
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
    if isinstance(operation.does, Lists | Presents):
        yield "not_acceptable"
    if operation.moves_money:
        yield from ("amount_above_key_limit", "daily_limit_reached")
    if isinstance(operation.does, Batches):
        yield "unsupported_media_type"
    elif operation.method == "POST":
        yield "idempotency_key_missing"
    if isinstance(operation.does, Receives):
        yield from ("request_timeout", "unsupported_media_type")
    elif operation.body:
        yield from _EVERY_BODY
    elif operation.method != "GET":
        yield "payload_too_large"
        yield "request_timeout"
    if operation.conditional and operation.writes:
        yield "etag_mismatch"
    # Of the query string, where nothing else can be wrong.
    yield "validation_failed"


def _success(operation: Operation) -> dict[str, Any]:
    names = ["Request-Id", *_RATE_LIMIT]
    if operation.writes:
        names.append("Idempotent-Replayed")
        if operation.tagged:
            names.append("ETag")
        if operation.warns:
            names.append("Dues-Warning")
    elif operation.conditional:
        names.append("ETag")
    elif issubclass(operation.answer, PageBody):
        names += ["Next-Cursor", "Link"]
    if isinstance(operation.does, Streams):
        file = {"schema": {"type": "string", "format": "binary"}}
        examples = operation.example
        return {
            "description": f"{operation.summary}: the file.",
            "headers": _headers(*names),
            "content": {
                one: {**file, "example": examples[one]} if one in examples else file
                for one in operation.does.content_types
            },
        }
    if isinstance(operation.does, Batches):
        return {
            "description": f"{operation.summary}: a line for each.",
            "headers": _headers(*names),
            "content": lines_of(operation.does, operation.answer),
        }
    return {
        "description": f"{operation.summary}: done.",
        "headers": _headers(*names),
        "content": {
            "application/json": {
                "schema": reference(component(operation.answer.__name__)),
                "example": operation.example,
            },
            **_presented(operation.does),
        },
    }


def lines_of(batches: Batches, shape: type) -> dict[str, Any]:
    """Content whose lines are of a shape each, which only a person understands: no schema of OpenAPI 3.1 says it."""
    described = f"Lines, each of which is a `{shape.__name__}`."
    lines = {"type": "string", "format": "binary", "description": described, "x-line": reference(shape.__name__)}
    return {batches.content_type: {"schema": lines}}


_WHOLE: Final = {"text/csv": {"schema": {"type": "string", "description": "All of it, from one instant."}}}


def _presented(does: object) -> dict[str, Any]:
    """What it is to be had as beside JSON."""
    if not isinstance(does, Presents):
        return _WHOLE if isinstance(does, Lists) else {}
    page = {"text/html": _PAGE} if does.is_a_page else {}
    return (_WHOLE if does.table else {}) | page | ({"application/pdf": _PAPER} if does.is_on_paper else {})


_PAGE: Final = {"schema": {"type": "string", "description": "A page."}}
_PAPER: Final = {"schema": {"type": "string", "format": "binary", "description": "A document."}}


def _preview(answer: type, example: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": "With `?preview=true`: what it would do. Nothing is done.",
        "headers": _headers("Request-Id"),
        "content": {
            "application/json": {
                "schema": reference(component(answer.__name__)),
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
                "schema": reference("Problem"),
                "examples": {
                    code: {"value": _problem_example(code, kind, operation.path, docs_base)}
                    for code, kind in kinds.items()
                },
            }
        },
    }


def _problem_example(code: str, kind: ProblemType, path: str, docs_base: str) -> dict[str, Any]:
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
    if code == "external_reference_taken":
        example |= _TAKEN
    return example


_TAKEN: Final = {
    "pointer": "/external_reference",
    "existing": {
        "id": "bill_0Ue8xQb7sT2kL9wMpZc5h",
        "created_at": "2026-01-05T08:30:00Z",
        "status": "unpaid",
        "amount": 150000,
        "currency": "ZAR",
    },
    "differs": ["amount_due"],
}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
