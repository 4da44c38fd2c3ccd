"""What is wrong with one field of a request, as a person and a program can read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: `pointer` is a JSON Pointer (RFC 6901) into the body, `code` is stable, `detail` a sentence."""

    pointer: str
    code: str
    detail: str


def pointer_to(parent: str, name: str) -> str:
    """The JSON Pointer of member `name` below `parent`."""
    return f"{parent}/{name.replace('~', '~0').replace('/', '~1')}"


QUOTED_MAX: Final = 60
"""Enough to recognize what one sent; a client's megabyte is not told back to it."""


def quoted(text: str) -> str:
    """What was sent, as it can stand in a sentence: in quotes, and no more than its beginning."""
    return repr(text if len(text) <= QUOTED_MAX else text[:QUOTED_MAX] + "…")


def closest(name: str, known: Iterable[str]) -> str | None:
    """The name that was likely meant. What is far longer than any name is like none, and not looked at for long."""
    return next(iter(get_close_matches(name, known, n=1)), None) if len(name) <= QUOTED_MAX else None


class Invalid(Exception):
    """Raised where a request turns out to be wrong while it is carried out: a cursor that is another list's."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(violations[0].detail)
        self.violations = violations
