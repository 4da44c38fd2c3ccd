"""The lines of a batch: what is sent, what is answered, and how they are to be carried out."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from dues.domain.fields import says
from dues.domain.violations import Violation

LINES_MAX: Final = 1_000

BYTES_MAX: Final = 8 << 20

LINE_BYTES_MAX: Final = 80 * 1024
"""A body may have 64 KiB, like one that is sent by itself; the rest is for what stands around it."""


_PATH: Final = re.compile(r"/[^\x00-\x20\x7f]*")


def path_rule(path: str) -> Iterable[Violation]:
    """As it may stand in a request line."""
    if _PATH.fullmatch(path):
        return ()
    return (Violation("", "invalid_path", "must begin with / and have no spaces, such as /billing/bills."),)


class BatchQuery(Struct, frozen=True):
    """How its lines are carried out."""

    mode: Annotated[
        Literal["each", "all"],
        says(
            "`each`: every line by itself, in order, whatever becomes of the others. `all`: all of them in one "
            "transaction, or none."
        ),
    ] = "each"


class BatchLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call: what would be its request line, its headers and its body."""

    method: Annotated[Literal["POST", "PATCH"], says("As the call has it when it is sent by itself.")]
    path: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2_000,
            description="The path, as it is sent: a slash in a reference is `%2F`.",
            extra={"rule": path_rule},
        ),
    ]
    key: Annotated[str, says("Its `Idempotency-Key`. A POST needs one.")] | None = None
    if_match: Annotated[str, says("Its `If-Match`.")] | None = None
    body: Annotated[Any, says("Its body, where the call takes one.")] | UnsetType = UNSET


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """What one line is answered: what the same call is answered when it is sent by itself."""

    line: Annotated[int, Meta(ge=1, description="Which line, counted from 1.")]
    status: Annotated[int, Meta(ge=100, le=599, description="The HTTP status.")]
    headers: Annotated[dict[str, str], says("By lower-case name; its own `request-id` is always there.")]
    body: Annotated[Any, says("The object, or the problem.")]
