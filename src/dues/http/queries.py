"""From a query string to a typed struct, or to everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct, structs

from dues.domain.violations import Violation, closest
from dues.http.parameters import Parameter, parameters_of
from dues.http.problems import ProblemError

Query = TypeVar("Query", bound=Struct)


def decode_query(query_string: bytes, shape: type[Query]) -> Query:
    """What is asked for. Raises ProblemError with every parameter that is unknown, twice, or nonsense."""
    if not query_string:
        return shape()
    given, known = _pairs(query_string), parameters_of(shape)
    broken = list(_unknown(given, known))
    values: dict[str, Any] = {}
    for parameter in known:
        broken += _read(parameter, given, values)
    broken += _cross_check(shape, values)
    if broken:
        raise invalid(broken)
    return shape(**values)


def invalid(broken: list[Violation]) -> ProblemError:
    """All that is wrong with a query string."""
    where = broken[0].pointer[1:] or "Query string:"
    return ProblemError("validation_failed", f"{where} {broken[0].detail}", broken)


def _pairs(query_string: bytes) -> dict[str, str]:
    """What a query string says, each name once."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise invalid([Violation("", "malformed_query", "The query string is not percent-encoded UTF-8.")]) from None
    given = dict(pairs)
    if len(given) < len(pairs) or any("\0" in text for pair in pairs for text in pair):
        raise invalid([Violation("", "malformed_query", "The query string names a parameter twice, or has U+0000.")])
    return given


def _unknown(given: Mapping[str, str], known: tuple[Parameter, ...]) -> Iterator[Violation]:
    """Who misspells a parameter should learn of it."""
    for name in given:
        if not any(_key(parameter, name) is not None for parameter in known):
            names = ", ".join(one for parameter in known for one in parameter.names) or "none"
            meant = closest(name, [one for parameter in known for one in _meant(parameter)])
            hint = f" Did you mean {meant}?" if meant and meant != name else ""
            yield Violation(f"/{name}", "unknown_parameter", f"is no parameter here.{hint} Known are: {names}.")


def _meant(parameter: Parameter) -> tuple[str, ...]:
    """What somebody may have meant who has no key in mind: but for a range, which needs one."""
    return parameter.names if parameter.members else (parameter.field,)


def _key(parameter: Parameter, name: str) -> str | None:
    """The key in the name of a parameter that has one; otherwise the name. None: it is another parameter's."""
    if parameter.members:
        return name if name in parameter.names else None
    if parameter.most is None:
        return name if name == parameter.field else None
    found = re.fullmatch(rf"{parameter.field}\[(.+)\]", name, re.DOTALL)
    return found and found[1]


def _read(parameter: Parameter, given: Mapping[str, str], values: dict[str, Any]) -> Iterator[Violation]:
    """Puts what is said into `values`; yields what is wrong with it."""
    said = {key: text for name, text in given.items() if (key := _key(parameter, name)) is not None}
    if not said:
        return
    if parameter.shape is not None:
        yield from _read_members(parameter, parameter.shape, said, values)
        return
    if parameter.most is not None:
        values[parameter.field] = said
        if len(said) > parameter.most:
            yield Violation(f"/{parameter.field}", "too_many", f"must name at most {parameter.most} keys.")
            return
        for key, text in said.items():
            yield from _read_pair(parameter, key, text)
        return
    yield from _read_one(parameter, parameter.field, said[parameter.field], values)


def _read_one(parameter: Parameter, name: str, text: str, values: dict[str, Any]) -> Iterator[Violation]:
    """Puts the value of one parameter, which is said under `name`, into `values`."""
    values[parameter.field] = text
    try:
        values[parameter.field] = value = parameter.reading.read(text)
    except ValueError as wrong:
        yield Violation(f"/{name}", parameter.reading.code, str(wrong))
        return
    for violation in parameter.rule(value) if parameter.rule else ():
        yield Violation(f"/{name}", violation.code, violation.detail)


def _read_members(
    parameter: Parameter, shape: type[Struct], said: Mapping[str, str], values: dict[str, Any]
) -> Iterator[Violation]:
    """Puts an object into `values` that is said member by member."""
    members: dict[str, Any] = {}
    broken = [
        violation
        for member, name in zip(parameter.members, parameter.names, strict=True)
        if name in said
        for violation in _read_one(member, name, said[name], members)
    ]
    if not broken:
        values[parameter.field] = made = shape(**members)
        check = getattr(made, "cross_check", tuple)
        broken = [Violation(f"/{parameter.field}", one.code, one.detail) for one in check()]
    yield from broken


def _read_pair(parameter: Parameter, key: str, text: str) -> Iterator[Violation]:
    """Yields what is wrong with one key, and with its value."""
    pointer = f"/{parameter.field}[{key}]"
    for violation in parameter.key_rule(key) if parameter.key_rule else ():
        yield Violation(pointer, f"key_{violation.code}", f"has a key that {violation.detail}")
    for violation in parameter.rule(text) if parameter.rule else ():
        yield Violation(pointer, violation.code, violation.detail)


def _cross_check(shape: type[Struct], values: Mapping[str, Any]) -> Iterator[Violation]:
    """What the shape says of its fields together, whether each makes sense or not."""
    if check := getattr(shape, "cross_check", None):
        unsaid = {field.name: field.default for field in structs.fields(shape)}
        yield from check(SimpleNamespace(**(unsaid | dict(values))))
