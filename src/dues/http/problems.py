"""Errors as clients see them: RFC 9457 problems, and the one table that gives each code its status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Struct

from dues.domain.fields import says
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import MEANINGS, Refusal
from dues.domain.violations import Violation


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A row of the table: the HTTP status, the slug of its page, its title, and what it means."""

    status: int
    slug: str
    title: str
    meaning: str


_TITLES: Final = {
    "invalid-request": (400, "Invalid request"),
    "idempotency-key-missing": (400, "Idempotency key missing"),
    "idempotency-key-invalid": (400, "Idempotency key invalid"),
    "unauthorized": (401, "Unauthorized"),
    "forbidden": (403, "Forbidden"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "request-timeout": (408, "Request timeout"),
    "conflict": (409, "Conflict"),
    "precondition-failed": (412, "Precondition failed"),
    "payload-too-large": (413, "Payload too large"),
    "uri-too-long": (414, "URI too long"),
    "unsupported-media-type": (415, "Unsupported media type"),
    "idempotency-key-reused": (422, "Idempotency key reused"),
    "unprocessable": (422, "Unprocessable"),
    "request-header-fields-too-large": (431, "Request header fields too large"),
    "internal-error": (500, "Internal error"),
    "unavailable": (503, "Unavailable"),
}

_SLUGS: Final[dict[str, tuple[str, str | None]]] = {
    "malformed_request": ("invalid-request", "What was sent is no request of HTTP/1.1. The connection is closed."),
    "malformed_json": (
        "invalid-request",
        "The body is not one well-formed JSON object in UTF-8, or names a member twice.",
    ),
    "validation_failed": ("invalid-request", None),
    "idempotency_key_missing": (
        "idempotency-key-missing",
        "Every POST needs an `Idempotency-Key` header, so that it can be sent again safely.",
    ),
    "idempotency_key_invalid": (
        "idempotency-key-invalid",
        "An `Idempotency-Key` is 1 to 255 visible ASCII characters, once. A UUID does well.",
    ),
    "unauthorized": (
        "unauthorized",
        "There is no key, it is not sent as `Authorization: Bearer <key>`, or it is unknown.",
    ),
    "key_revoked": ("forbidden", "This key was revoked."),
    "key_expired": ("forbidden", "This key has expired."),
    "secret_key_required": (
        "forbidden",
        "This call needs a secret key (`sk_…`). Public ones (`pk_…`) are for browsers, collectors' for collecting.",
    ),
    "test_mode_required": ("forbidden", "This call is for test data: it needs a test key (`sk_test_…`)."),
    "route_not_found": ("not-found", "There is nothing at this path."),
    "account_not_found": ("not-found", None),
    "customer_not_found": ("not-found", None),
    "bill_not_found": ("not-found", None),
    "payment_not_found": ("not-found", None),
    "event_not_found": ("not-found", None),
    "webhook_endpoint_not_found": ("not-found", None),
    "idempotency_key_not_found": ("not-found", None),
    "method_not_allowed": ("method-not-allowed", "This path has other methods: see the `Allow` header."),
    "request_timeout": ("request-timeout", "The head or the body did not arrive within ten seconds."),
    "external_reference_taken": ("conflict", None),
    "bill_paid": ("conflict", None),
    "bill_voided": ("conflict", None),
    "payment_outweighed": ("conflict", None),
    "payment_reversed": ("conflict", None),
    "webhook_endpoint_disabled": ("conflict", None),
    "etag_mismatch": ("precondition-failed", None),
    "request_in_progress": (
        "conflict",
        "An earlier request with this idempotency key, or for the same thing, is still in work. Ask again shortly.",
    ),
    "payload_too_large": ("payload-too-large", "A body may have 64 KiB."),
    "unsupported_media_type": ("unsupported-media-type", "A body is `application/json`, and not compressed."),
    "uri_too_long": ("uri-too-long", "A path and its query may have 8 KiB."),
    "idempotency_key_reused": ("idempotency-key-reused", None),
    "amount_out_of_range": ("unprocessable", None),
    "balance_not_tracked": ("unprocessable", None),
    "currency_mismatch": ("unprocessable", None),
    "owner_mismatch": ("unprocessable", None),
    "payment_not_allowed": ("unprocessable", None),
    "payment_below_minimum": ("unprocessable", None),
    "payment_above_maximum": ("unprocessable", None),
    "underpayment_not_allowed": ("unprocessable", None),
    "overpayment_not_allowed": ("unprocessable", None),
    "test_clock_backwards": ("unprocessable", None),
    "test_clock_out_of_range": ("unprocessable", None),
    "too_many_bills": ("unprocessable", None),
    "too_many_events": ("unprocessable", None),
    "too_many_webhook_endpoints": ("unprocessable", None),
    "request_header_fields_too_large": (
        "request-header-fields-too-large",
        "The head of a request may have 100 fields, and 32 KiB in all.",
    ),
    "internal_error": (
        "internal-error",
        "Something went wrong on our side. Nothing was changed; the same request may be sent again with its key.",
    ),
    "unavailable": (
        "unavailable",
        "The database is away or overloaded. Send the same request again, with its key, after `Retry-After` seconds.",
    ),
    "too_many_connections": (
        "unavailable",
        "The server has as many connections as it may. Use those that are open, or try again after `Retry-After`.",
    ),
}

PROBLEM_TYPES: Final[dict[str, ProblemType]] = {
    code: ProblemType(*_TITLES[slug][:1], slug, _TITLES[slug][1], meaning or MEANINGS[code])  # type: ignore[index]
    for code, (slug, meaning) in _SLUGS.items()
}
"""Every code there is. `meaning` of a refusal comes from the domain."""


class FieldError(Struct, frozen=True):
    """One violation: where in the body, a stable code, a sentence."""

    pointer: Annotated[str, says("A JSON Pointer (RFC 6901) to the member, or `/` and the name of a parameter.")]
    code: Annotated[str, says("The rule that is broken; stable.")]
    detail: Annotated[str, says("What the member must be. It follows the member's name.")]


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, with the members that programs match on: `code`, and `errors` by pointer.

    A refusal about one member of the body has it as `pointer`, and as the only one of `errors`.
    """

    type: Annotated[str, says("Where this kind of error is explained.")]
    title: Annotated[str, says("Its name.")]
    status: Annotated[int, says("The HTTP status.")]
    detail: Annotated[str, says("What was wrong this time, in a sentence to act on.")]
    instance: Annotated[str, says("The path that was asked for.")]
    code: Annotated[str, says("The stable name of the error: what programs match on.")]
    request_id: Annotated[str, says("The `Request-Id` of this call.")]
    errors: Annotated[list[FieldError], says("Every violation of a bad body or query.")] | None = None
    pointer: Annotated[str, says("The member that a refusal is about.")] | None = None
    outstanding: Annotated[int, says("Of a refused payment: what is to be paid, in the smallest unit.")] | None = None
    payment_rules: PaymentRules | None = None


class Reply(Struct, frozen=True):
    """A whole HTTP response."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: Sequence[tuple[bytes, bytes]] = ()
    is_public: bool = False
    """Whether it is the same for everybody, so that whoever gets it may keep it, as its own Cache-Control says."""


@dataclass(eq=False)
class ProblemError(Exception):
    """Raised anywhere in the front door: becomes the problem named `code`."""

    code: str
    detail: str
    errors: Sequence[Violation] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_json(
    docs_base: str,
    instance: str,
    request_id: str,
    error: ProblemError | Refusal,
) -> bytes:
    """The body of a problem. `instance` is the path that was asked for."""
    kind = PROBLEM_TYPES[error.code]
    pointer = outstanding = rules = None
    violations: Sequence[Violation] = ()
    if isinstance(error, ProblemError):
        violations = error.errors
    else:
        outstanding, rules = error.outstanding, error.payment_rules
    if isinstance(error, Refusal) and error.pointer:
        pointer = error.pointer
        violations = (Violation(pointer, error.rule or error.code, error.detail),)
    problem = Problem(
        type=f"{docs_base}/errors#{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=error.detail,
        instance=instance,
        code=error.code,
        request_id=request_id,
        errors=[FieldError(v.pointer, v.code, v.detail) for v in violations] or None,
        pointer=pointer,
        outstanding=outstanding,
        payment_rules=rules,
    )
    return msgspec.json.encode(problem)


PROBLEM_CONTENT_TYPE: Final = b"application/problem+json"


def problem_reply(docs_base: str, instance: str, request_id: str, error: ProblemError) -> Reply:
    """The response for a problem, with the headers that its status demands."""
    return Reply(
        PROBLEM_TYPES[error.code].status,
        problem_json(docs_base, instance, request_id, error),
        PROBLEM_CONTENT_TYPE,
        [(name.lower().encode(), value.encode()) for name, value in error.headers.items()],
    )
