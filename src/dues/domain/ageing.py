"""Ageing: for how many days what is owed has been due, in buckets, such as 1 to 30 days."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from dues.domain.violations import Violation

USUAL_BOUNDS: Final = (30, 60, 90, 120)
"""As most companies age what they are owed; the first is a month."""

BOUNDS_MAX: Final = 12

DAYS_MAX: Final = 9_999
"""Twenty-seven years."""

NOT_DUE: Final = "not_due"

_BOUNDS: Final = re.compile(r"[0-9]{1,4}(?:,[0-9]{1,4}){0,11}")


class Bucket(Struct, frozen=True):
    """What has been due from `first` to `last` days; `last` None: or longer. Both 0: what is not due yet, or due on the
    day itself."""

    first: int
    last: int | None

    @property
    def code(self) -> str:
        """`not_due`, `1-30`, `121+`."""
        if self.last == 0:
            return NOT_DUE
        return f"{self.first}+" if self.last is None else f"{self.first}-{self.last}"


def buckets_of(bounds: Sequence[int]) -> tuple[Bucket, ...]:
    """All buckets, each of which but the last ends with one of `bounds`."""
    firsts = thresholds_of(bounds)
    return Bucket(0, 0), *(Bucket(first, last) for first, last in zip(firsts, (*bounds, None), strict=True))


def thresholds_of(bounds: Sequence[int]) -> list[int]:
    """The days with which buckets begin, but for the first: the number of those that are reached is a bucket's."""
    return [1, *(bound + 1 for bound in bounds)]


def parse_bounds(text: str) -> tuple[int, ...]:
    """`30,60,90,120` as numbers. Raises ValueError with what is wrong."""
    if not _BOUNDS.fullmatch(text):
        raise ValueError(f"must be 1 to {BOUNDS_MAX} numbers of days with commas, like 30,60,90,120.")
    bounds = tuple(map(int, text.split(",")))
    if bounds[0] < 1 or any(later <= earlier for earlier, later in pairwise(bounds)):
        raise ValueError("must rise, from 1 day or more: like 30,60,90,120.")
    return bounds


def refuse_bounds(text: str) -> Iterable[Violation]:
    """What is wrong with a text that is no bounds."""
    try:
        parse_bounds(text)
    except ValueError as wrong:
        yield Violation("", "malformed_buckets", str(wrong))
