"""Errors as clients see them: RFC 9457 problems."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from dues.domain.fields import Currency, says
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Existing, Refusal
from dues.domain.violations import Violation
from dues.http.problem_types import PROBLEM_TYPES


class FieldError(Struct, frozen=True):
    """One violation: where in the body, a stable code, a sentence."""

    pointer: Annotated[str, says("A JSON Pointer (RFC 6901) to the member, or `/` and the name of a parameter.")]
    code: Annotated[str, says("The rule that is broken; stable.")]
    detail: Annotated[str, says("What the member must be. It follows the member's name.")]


class ExistingBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is there already; what has no value is left out."""

    id: Annotated[str, says("Its id.")]
    created_at: Annotated[datetime, Meta(tz=True, description="When it was made.")]
    status: Annotated[str, says("How a bill or a payment stands now.")] | None = None
    amount: (
        Annotated[int, says("What is due of a bill, what was paid, or the balance, in the smallest unit.")] | None
    ) = None
    currency: Currency | None = None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, with the members that programs match on: `code`, and `errors` by pointer.

    A refusal about one member of the body has it as `pointer`, and as the only one of `errors`.
    """

    type: Annotated[str, says("Where this kind of error is explained.")]
    title: Annotated[str, says("Its name.")]
    status: Annotated[int, Meta(ge=100, le=599, description="The HTTP status.")]
    detail: Annotated[str, says("What was wrong this time, in a sentence to act on.")]
    instance: Annotated[str, says("The path that was asked for.")]
    code: Annotated[str, says("The stable name of the error: what programs match on.")]
    request_id: Annotated[str, says("The `Request-Id` of this call.")]
    errors: (
        Annotated[list[FieldError], says("Every violation of a bad body or query, the first 100 at most.")] | None
    ) = None
    more: Annotated[int, says("How many violations there are beside those in `errors`.")] | None = None
    pointer: Annotated[str, says("The member that a refusal is about.")] | None = None
    outstanding: Annotated[int, says("Of a refused payment: what is to be paid, in the smallest unit.")] | None = None
    payment_rules: PaymentRules | None = None
    existing: (
        Annotated[ExistingBody, says("Of a reference that is taken: the object that has it, as far as you may see it.")]
        | None
    ) = None
    differs: (
        Annotated[list[str], says("The members in which the request is another than `existing`; empty: in none.")]
        | None
    ) = None


class Reply(Struct, frozen=True):
    """A whole HTTP response."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: Sequence[tuple[bytes, bytes]] = ()
    is_public: bool = False
    """Whether it is the same for everybody, so that whoever gets it may keep it, as its own Cache-Control says."""
    parts: AsyncIterator[bytes] | None = None
    """The body, where it is sent while it is made; `body` is empty then."""


@dataclass(eq=False)
class ProblemError(Exception):
    """Raised anywhere in the front door: becomes the problem named `code`."""

    code: str
    detail: str
    errors: Sequence[Violation] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


ERRORS_MAX: Final = 100
"""Violations that are listed: who reads more of them reads them one by one anyway. The others are counted."""

POINTER_LENGTH_MAX: Final = 250
"""More than any member that is known has. An unknown one may have as long a name as a body has room for."""

DETAIL_LENGTH_MAX: Final = 1_000
"""More than any sentence of ours has; what it quotes of a request may be longer."""


def bounded(text: str, most: int) -> str:
    """The text, or its beginning where it is longer."""
    return text if len(text) <= most else text[:most] + "…"


def _field_error(violation: Violation) -> FieldError:
    pointer, detail = bounded(violation.pointer, POINTER_LENGTH_MAX), bounded(violation.detail, DETAIL_LENGTH_MAX)
    return FieldError(pointer, violation.code, detail)


def _existing_body(there: Existing | None) -> ExistingBody | None:
    """It as clients see it."""
    if there is None:
        return None
    return ExistingBody(
        id=there.id, created_at=there.created_at, status=there.status, amount=there.amount, currency=there.currency
    )


def problem_json(
    docs_base: str,
    instance: str,
    request_id: str,
    error: ProblemError | Refusal,
) -> bytes:
    """The body of a problem. `instance` is the path that was asked for."""
    kind = PROBLEM_TYPES[error.code]
    pointer = outstanding = rules = existing = differs = None
    violations: Sequence[Violation] = ()
    if isinstance(error, ProblemError):
        violations = error.errors
    else:
        outstanding, rules = error.outstanding, error.payment_rules
        existing, differs = _existing_body(error.existing), error.differs
    if isinstance(error, Refusal) and error.pointer:
        pointer = bounded(error.pointer, POINTER_LENGTH_MAX)
        violations = (Violation(pointer, error.rule or error.code, error.detail),)
    problem = Problem(
        type=f"{docs_base}/errors#{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=bounded(error.detail, DETAIL_LENGTH_MAX),
        instance=instance,
        code=error.code,
        request_id=request_id,
        errors=[_field_error(violation) for violation in violations[:ERRORS_MAX]] or None,
        more=max(0, len(violations) - ERRORS_MAX) or None,
        pointer=pointer,
        outstanding=outstanding,
        payment_rules=rules,
        existing=existing,
        differs=None if differs is None else list(differs),
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
