"""What is wrong with one field of a request, as a person and a program can read it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: `pointer` is a JSON Pointer (RFC 6901) into the body, `code` is stable, `detail` a sentence."""

    pointer: str
    code: str
    detail: str


def pointer_to(parent: str, name: str) -> str:
    """The JSON Pointer of member `name` below `parent`."""
    return f"{parent}/{name.replace('~', '~0').replace('/', '~1')}"


class Invalid(Exception):
    """Raised where a request turns out to be wrong while it is carried out: a cursor that is another list's."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(violations[0].detail)
        self.violations = violations
