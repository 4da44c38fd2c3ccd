"""Arrays that are sent to PostgreSQL as text: the driver looks at each value of one several times, and takes longer.

A value of a group's costs 0.7 to 0.9 µs in the driver's binary form and 0.1 here; PostgreSQL reads both as fast.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

Write = Callable[[Sequence[Any]], str]
"""From the values of a column, some of them None, to the text of their array."""

_BETWEEN: Final = "\0"
"""No text of PostgreSQL's has it."""


@lru_cache(maxsize=256)  # tenants, numbers and times are the same in many of a group's columns
def _integers(column: Sequence[Any]) -> str:
    return f"{{{str(column)[1:-1].rstrip(',').replace('None', 'NULL')}}}"


@lru_cache(maxsize=256)
def _times(column: Sequence[datetime | None]) -> str:
    return f"{{{','.join(['NULL' if time is None else time.isoformat() for time in column])}}}"


def _texts(column: Sequence[str | None]) -> str:
    has_nulls = None in column
    joined = _BETWEEN.join([text or "" for text in column] if has_nulls else column)  # type: ignore[arg-type]
    if joined.count(_BETWEEN) != len(column) - 1:
        raise ValueError("PostgreSQL has no text with U+0000")
    if "\\" in joined or '"' in joined:
        joined = joined.replace("\\", "\\\\").replace('"', '\\"')
    if not has_nulls:
        return '{"' + joined.replace(_BETWEEN, '","') + '"}'
    texts = zip(column, joined.split(_BETWEEN), strict=True)
    return "{" + ",".join(["NULL" if text is None else f'"{quoted}"' for text, quoted in texts]) + "}"


SENT_AS_TEXT: Final[Mapping[str, Write]] = {
    "smallint": _integers,
    "integer": _integers,
    "bigint": _integers,
    "timestamptz": _times,
    "text": _texts,
}
"""By the type of their values. What is JSON is quoted longer than it is looked at, and what is bytes becomes twice as
long: these are not here."""


def parameter(number: int, kind: str) -> str:
    """The array $`number` of `kind` in a statement that is given what `array` makes."""
    return f"${number}::text::{kind}[]" if kind in SENT_AS_TEXT else f"${number}::{kind}[]"


def array(column: Sequence[Any], kind: str) -> object:
    """What is sent for an array of `kind`."""
    write = SENT_AS_TEXT.get(kind)
    return write(column) if write else column
