"""The parameters of a query string, from the struct that it becomes: how each is read, what people are told of it."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from msgspec import Meta, Struct, structs

from dues.domain.fields import METADATA_KEY_MAX, METADATA_VALUE_MAX, Rule, plain_text
from dues.domain.violations import Violation, quoted
from dues.http.openapi_schemas import reference, typed

_TEXT: Final = {"type": "string"}


class Reading(Struct, frozen=True):
    """How a parameter of one type is read: `read` raises ValueError with what is wrong, which has the code `code`."""

    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    code: str = ""


class Parameter(Struct, frozen=True):
    """One parameter. `most` is how many there may be of one whose name has a key in it: `metadata[key]`; `rule` is for
    each of them, and `key_rule` for its key. One with `members` becomes a `shape`: `due_date[gte]`, `due_date[lte]`."""

    field: str
    reading: Reading
    description: str
    rule: Rule | None = None
    most: int | None = None
    key_rule: Rule | None = None
    members: tuple["Parameter", ...] = ()
    shape: type[Struct] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """As people are told."""
        if self.members:
            return tuple(f"{self.field}[{member.field}]" for member in self.members)
        return (self.field if self.most is None else f"{self.field}[key]",)

    def described(self) -> dict[str, Any]:
        """The parameter, in OpenAPI."""
        about = {"name": self.field, "in": "query", "required": False, "description": self.description}
        if self.members:
            ends = {one.field: {**one.reading.schema, "description": one.description} for one in self.members}
            return about | {"style": "deepObject", "explode": True, "schema": {"type": "object", "properties": ends}}
        if self.most is None:
            return about | {"schema": self.reading.schema}
        pairs = {"type": "object", "additionalProperties": self.reading.schema, "maxProperties": self.most}
        return about | {"style": "deepObject", "explode": True, "schema": pairs}


@lru_cache
def parameters_of(shape: type[Struct]) -> tuple[Parameter, ...]:
    """Every parameter that `shape` has a field for."""
    return tuple(_parameter(field.name, field.type) for field in structs.fields(shape))


def _parameter(name: str, kind: Any) -> Parameter:
    if get_origin(kind) in (Union, UnionType):
        [kind] = [choice for choice in get_args(kind) if choice is not NoneType]
    assert get_origin(kind) is Annotated, f"{name} does not say what it is for"
    kind, meta = get_args(kind)
    assert isinstance(meta, Meta)
    assert meta.description
    extra = meta.extra or {}
    if isinstance(kind, type) and issubclass(kind, Struct):
        members = parameters_of(kind)
        return Parameter(name, members[0].reading, meta.description, members=members, shape=kind)
    reading = _reading(name, kind, meta, extra.get("unit"))
    if get_origin(kind) is dict:
        return Parameter(name, reading, meta.description, _METADATA_VALUE, meta.max_length, _METADATA_KEY)
    return Parameter(name, reading, meta.description, _text_rule(meta) if kind is str else extra.get("rule"))


def _reading(name: str, kind: Any, meta: Meta, unit: str | None) -> Reading:
    if get_origin(kind) is Literal:
        return _choice(name, get_args(kind))
    if get_origin(kind) is list:
        return _choices(name, get_args(get_args(kind)[0]))
    if kind is int:
        return _integer(meta, unit)
    if get_origin(kind) is dict or kind is str:
        read = (meta.extra or {}).get("reads", str)
        return Reading(read, reference(meta.title) if meta.title else _TEXT)
    return _BY_TYPE[kind]


def _text_rule(meta: Meta) -> Rule:
    """A text keeps to the same limits and the same rule as one in a body."""

    def broken(text: str) -> Iterable[Violation]:
        if len(text) < (meta.min_length or 0):
            yield Violation("", "too_short", "must not be empty: give it a value, or leave it out.")
        elif meta.max_length is not None and len(text) > meta.max_length:
            yield Violation("", "too_long", f"must have at most {meta.max_length} characters; it has {len(text)}.")
        elif meta.extra and (rule := meta.extra.get("rule")):
            yield from rule(text)

    return broken


_METADATA_KEY: Final = _text_rule(Meta(max_length=METADATA_KEY_MAX, extra={"rule": plain_text}))
_METADATA_VALUE: Final = _text_rule(Meta(max_length=METADATA_VALUE_MAX, extra={"rule": plain_text}))


def _choice(name: str, choices: tuple[str, ...]) -> Reading:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}.")
        return text

    return Reading(read, {"type": "string", "enum": list(choices)}, f"unknown_{name}")


def _choices(name: str, choices: tuple[str, ...]) -> Reading:
    def read(text: str) -> list[str]:
        given = text.split(",")
        if strangers := [one for one in given if one not in choices]:
            raise ValueError(
                f"has {quoted(strangers[0])}; it must be one or more of these, with commas: {', '.join(choices)}."
            )
        return given

    return Reading(read, _TEXT, f"unknown_{name}")


def _integer(meta: Meta, unit: str | None) -> Reading:
    least, most = meta.ge, meta.le
    assert isinstance(least, int)
    assert isinstance(most, int)

    def read(text: str) -> int:
        # No more digits than the largest has: nobody's megabyte of them becomes a number.
        if not re.fullmatch(f"[0-9]{{1,{len(str(most))}}}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number{f' of {unit}' if unit else ''} from {least} to {most}.")
        return int(text)

    return Reading(read, typed({"type": "integer", "minimum": least, "maximum": most}), "out_of_range")


def _time(text: str) -> datetime:
    try:
        # A plus sign that was not escaped has arrived as a space.
        time = datetime.fromisoformat(text.replace(" ", "+"))
        if time.tzinfo:
            # Within a day of the first or the last year it may have no time in UTC.
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a time with its offset from UTC, like 2026-01-31T12:00:00Z.")


def _day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("must be a date of this time, like 2026-01-31.")


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false.")
    return text == "true"


_BY_TYPE: Final = {
    bool: Reading(_flag, {"type": "boolean"}, "wrong_type"),
    datetime: Reading(_time, {"type": "string", "format": "date-time"}, "invalid_time"),
    date: Reading(_day, {"type": "string", "format": "date"}, "invalid_date"),
}
