"""From the bytes of a body to a typed request, or to a problem that names every violation in it."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from dues.domain.validation import as_read, as_shape
from dues.domain.violations import Violation, pointer_to, quoted
from dues.http.malformed import explain_malformed
from dues.http.problems import POINTER_LENGTH_MAX, ProblemError, bounded

Body = TypeVar("Body")


def decode(body: bytes, shape: type[Body]) -> tuple[Body, bytes]:
    """The typed body and its canonical form (sorted members, no white space), which fingerprints are made of.

    Raises ProblemError: `malformed_json`, or `validation_failed` with every violation.
    """
    tree = _parse(body)
    canonical = msgspec.json.encode(tree, order="sorted")
    if not canonical.isascii():
        # After the canonical form: a request that was sent before is the same one, however its references are read.
        tree = as_read(tree, shape)
    typed = as_shape(tree, shape)
    if isinstance(typed, list):
        raise _problem(typed)
    return typed, canonical


def _problem(broken: list[Violation]) -> ProblemError:
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    where = bounded(broken[0].pointer, POINTER_LENGTH_MAX) or "The body"
    return ProblemError("validation_failed", f"{where} {broken[0].detail}{more}", broken)


def _parse(body: bytes) -> Any:
    try:
        tree = msgspec.json.decode(body)
        # A member given twice vanishes in decoding, so the body comes out shorter than its own text without white
        # space. (Escapes and numbers may be spelt in several ways too; then the slow look decides.)
        suspicious = len(msgspec.json.encode(tree)) != len(msgspec.json.format(body, indent=-1))
    except RecursionError:
        raise ProblemError("malformed_json", "The body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError("malformed_json", explain_malformed(body, str(error))) from None
    if suspicious and (repeated := list(_repeated(body))):
        raise ProblemError("malformed_json", f"{quoted(repeated[0].pointer)} is given twice.", repeated)
    return tree


def _repeated(body: bytes) -> Iterator[Violation]:
    """Every member that stands twice in one object."""

    class Pairs(list[tuple[str, Any]]):
        """An object as it was written, before its members could swallow each other."""

    def walk(value: Any, pointer: str) -> Iterator[Violation]:
        if isinstance(value, Pairs):
            seen = set()
            for name, member in value:
                if name in seen:
                    yield Violation(pointer_to(pointer, name), "duplicate_member", "is given twice.")
                seen.add(name)
                yield from walk(member, pointer_to(pointer, name))
        elif isinstance(value, list):
            for position, item in enumerate(value):
                yield from walk(item, f"{pointer}/{position}")

    yield from walk(json.loads(body, object_pairs_hook=Pairs), "")
