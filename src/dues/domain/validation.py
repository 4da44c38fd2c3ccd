"""From what was sent to a typed request, or to every violation in it at once.

What is good costs one pass of the decoder and one look at each rule. Only what is bad is gone through again, member by
member, to collect everything that is wrong with it.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Annotated, Any, Final, TypeVar, cast, get_type_hints

import msgspec
from msgspec import inspect

from dues.domain.violations import Violation, closest, pointer_to

Shape = TypeVar("Shape")

_MISSING: Final = object()

HINTS_MAX: Final = 20
"""For as many unknown members of an object somebody thinks about what may be meant: it is slow, and a body has room for
thousands."""


def as_shape(tree: Any, shape: type[Shape]) -> Shape | list[Violation]:
    """What was sent (as JSON decodes it) as a typed request, or every violation in it."""
    try:
        typed = msgspec.convert(tree, shape)
        return _checker(cast(Hashable, shape))(typed, "") or typed
    except msgspec.ValidationError:
        broken = list(_violations(tree, inspect.type_info(shape), ""))
        assert broken, "what the decoder refuses, the collector explains"
        return broken


def as_read(tree: Any, shape: type[Any]) -> Any:
    """What was sent, each of its texts as its field reads it."""
    return _reader(cast(Hashable, shape))(tree)


# How some of its texts are read -----------------------------------------------------------------------------------


@lru_cache
def _reader(shape: Any) -> Callable[[Any], Any]:
    """A function that gives a body with each text as its field `reads` it."""
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    texts = {field.encode_name: reads for field in info.fields if (reads := _extra_of(field.type, "reads"))}
    nested = {field.encode_name: struct.cls for field in info.fields if (struct := _struct_in(field.type))}
    lists = {
        field.encode_name: found.item_type.cls
        for field in info.fields
        if (found := _list_in(field.type)) and isinstance(found.item_type, inspect.StructType)
    }

    def read(tree: Any) -> Any:
        return {name: member(name, value) for name, value in tree.items()} if isinstance(tree, dict) else tree

    def member(name: str, value: Any) -> Any:
        if isinstance(value, str) and name in texts:
            return texts[name](value)
        if isinstance(value, dict) and name in nested:
            return _reader(nested[name])(value)
        if isinstance(value, list) and name in lists:
            return [_reader(lists[name])(item) for item in value]
        return value

    return read


# The fast way: a typed body, its rules --------------------------------------------------------------------------


@lru_cache
def _checker(shape: Any) -> Callable[[Any, str], list[Violation]]:
    """A function that applies the rules of `shape`'s fields to a typed body."""
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    rules = [(field.name, field.encode_name, rule) for field in info.fields if (rule := _extra_of(field.type, "rule"))]
    nested = [field.name for field in info.fields if _struct_in(field.type)]
    lists = [field.name for field in info.fields if _list_in(field.type)]

    def check(typed: Any, pointer: str) -> list[Violation]:
        broken: list[Violation] = []
        for attribute, name, rule in rules:
            value = getattr(typed, attribute)
            if value is None or value is msgspec.UNSET or isinstance(value, msgspec.Struct):
                continue
            if found := rule(value):
                broken.extend(_below(pointer_to(pointer, name), found))
        for attribute in nested:
            value = getattr(typed, attribute)
            if isinstance(value, msgspec.Struct):
                broken.extend(_checker(type(value))(value, pointer_to(pointer, attribute)))
        for attribute in lists:
            for position, item in enumerate(getattr(typed, attribute) or ()):
                broken.extend(
                    _checker(cast(Hashable, type(item)))(item, f"{pointer_to(pointer, attribute)}/{position}")
                )
        broken.extend(_cross_check(typed, typed, pointer))
        return broken

    return check


def _cross_check(shape: Any, values: Any, pointer: str) -> Iterator[Violation]:
    """What a shape says of its fields together, its pointers put below `pointer`."""
    if cross_check := getattr(shape if isinstance(shape, type) else type(shape), "cross_check", None):
        yield from _below(pointer, cross_check(values))


def _below(pointer: str, broken: Iterable[Violation]) -> Iterator[Violation]:
    """What is wrong with something that stands at `pointer`."""
    for violation in broken:
        yield Violation(pointer + violation.pointer, violation.code, violation.detail)


def _extra_of(kind: inspect.Type, name: str) -> Callable[[Any], Any] | None:
    """The rule that a field's type carries, or how it reads, if it does."""
    match kind:
        case inspect.Metadata(extra=dict() as extra) if name in extra:
            return extra[name]  # type: ignore[no-any-return]
        case inspect.Metadata():
            return _extra_of(kind.type, name)
        case inspect.UnionType():
            return next((found for choice in kind.types if (found := _extra_of(choice, name))), None)
        case _:
            return None


def _struct_in(kind: inspect.Type) -> inspect.StructType | None:
    match kind:
        case inspect.StructType():
            return kind
        case inspect.Metadata():
            return _struct_in(kind.type)
        case inspect.UnionType():
            return next((struct for choice in kind.types if (struct := _struct_in(choice))), None)
        case _:
            return None


def _list_in(kind: inspect.Type) -> inspect.ListType | None:
    """The list of structs that a field's type is, if it is one."""
    match kind:
        case inspect.ListType(item_type=inspect.StructType()):
            return kind
        case inspect.Metadata():
            return _list_in(kind.type)
        case inspect.UnionType():
            return next((found for choice in kind.types if (found := _list_in(choice))), None)
        case _:
            return None


# The slow way: a body that does not fit, member by member -------------------------------------------------------


def _violations(value: Any, kind: inspect.Type, pointer: str) -> Iterator[Violation]:
    """Everything that is wrong with `value` as a `kind`."""
    match kind:
        case inspect.Metadata():
            counted = (kind.extra or {}).get("unit")
            if counted and (isinstance(value, bool) or not isinstance(value, int)):
                found = [_wrong_kind(value, f"an integer, in {counted} and without quotes or decimals", pointer)]
            else:
                found = list(_violations(value, kind.type, pointer))
            yield from found
            if not found and (rule := (kind.extra or {}).get("rule")):
                of = {inspect.DateTimeType: datetime, inspect.DateType: date}.get(type(kind.type))
                yield from _below(pointer, rule(msgspec.convert(value, of) if of else value))
        case inspect.UnionType():
            yield from _union_violations(value, kind, pointer)
        case inspect.StructType():
            yield from _struct_violations(value, kind, pointer)
        case inspect.DictType():
            yield from _dict_violations(value, kind, pointer)
        case inspect.StrType():
            yield from _text_violations(value, kind, pointer)
        case inspect.IntType():
            yield from _integer_violations(value, kind, pointer)
        case inspect.DateType():
            yield from _date_violations(value, pointer)
        case inspect.DateTimeType():
            yield from _time_violations(value, pointer)
        case inspect.LiteralType():
            if value not in kind.values:
                yield Violation(pointer, "unknown_value", f"must be one of {', '.join(map(str, kind.values))}.")
        case inspect.ListType():
            yield from _list_violations(value, kind, pointer)
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield _wrong_kind(value, "true or false", pointer)
        case inspect.AnyType():
            return  # whoever carries it out looks at it
        case _:
            raise AssertionError(f"no request has a {kind}")


def _union_violations(value: Any, kind: inspect.UnionType, pointer: str) -> Iterator[Violation]:
    choices = [choice for choice in kind.types if not isinstance(choice, inspect.NoneType)]
    if value is None and len(choices) < len(kind.types):
        return
    fitting = [choice for choice in choices if isinstance(value, dict) == isinstance(choice, inspect.StructType)]
    chosen = (fitting or choices)[0]
    if len(choices) > 1 and not isinstance(value, str | dict):
        yield _wrong_kind(value, "a string or an object", pointer)
    else:
        yield from _violations(value, chosen, pointer)


def _struct_violations(value: Any, kind: inspect.StructType, pointer: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _wrong_kind(value, "an object", pointer)
        return
    fields = {field.encode_name: field for field in kind.fields}
    hints = get_type_hints(kind.cls, include_extras=True)
    good = SimpleNamespace(**dict.fromkeys(field.name for field in kind.fields))
    for name, field in fields.items():
        member = value.get(name, _MISSING)
        if member is _MISSING or (member is None and field.required):
            if field.required:
                yield Violation(pointer_to(pointer, name), "required", "is required.")
            continue
        found = list(_violations(member, field.type, pointer_to(pointer, name)))
        yield from found
        # A broken member is still one that was given: what needs it should not be blamed on top.
        setattr(good, field.name, member if found else msgspec.convert(member, hints[field.name]))
    looks_left = HINTS_MAX
    for name in value:
        if name in getattr(kind.cls, "read_only", ()):
            yield Violation(pointer_to(pointer, name), "read_only", "is read-only here.")
        elif name not in fields:
            looks_left -= 1
            meant = closest(name, fields) if looks_left >= 0 else None
            hint = f" Did you mean {meant}?" if meant else f" Known are: {', '.join(fields)}."
            yield Violation(pointer_to(pointer, name), "unknown_field", f"is not known here.{hint}")
    try:
        yield from _cross_check(kind.cls, good, pointer)
    except (TypeError, AttributeError):
        return  # members of the wrong kind cannot be compared; they are reported already


def _dict_violations(value: Any, kind: inspect.DictType, pointer: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield _wrong_kind(value, "an object", pointer)
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        yield Violation(pointer, "too_many", f"must have at most {kind.max_length} keys; it has {len(value)}.")
    for name, member in value.items():
        below = pointer_to(pointer, name)
        for broken in _violations(name, kind.key_type, below):
            yield Violation(below, f"key_{broken.code}", f"has a key that {broken.detail}")
        yield from _violations(member, kind.value_type, below)


def _text_violations(value: Any, kind: inspect.StrType, pointer: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _wrong_kind(value, "a string", pointer)
    elif kind.min_length is not None and len(value) < kind.min_length:
        yield Violation(pointer, "too_short", "must not be empty.")
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield Violation(pointer, "too_long", f"must have at most {kind.max_length} characters; it has {len(value)}.")


def _integer_violations(value: Any, kind: inspect.IntType, pointer: str) -> Iterator[Violation]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _wrong_kind(value, "an integer, in the currency's smallest unit and without quotes or decimals", pointer)
    elif kind.ge is not None and value < kind.ge:
        yield Violation(pointer, "too_small", f"must be at least {kind.ge}.")
    elif kind.le is not None and value > kind.le:
        yield Violation(pointer, "too_large", f"must be at most {kind.le}.")


def _date_violations(value: Any, pointer: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _wrong_kind(value, "a date like 2026-01-31", pointer)
        return
    try:
        msgspec.convert(value, date)
    except msgspec.ValidationError:
        yield Violation(pointer, "invalid_date", "must be a date that exists, like 2026-01-31.")


def _time_violations(value: Any, pointer: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield _wrong_kind(value, "a time like 2026-01-31T12:00:00Z", pointer)
        return
    try:
        msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError:
        detail = "must be a time with its offset from UTC, like 2026-01-31T12:00:00Z."
        yield Violation(pointer, "invalid_time", detail)


def _list_violations(value: Any, kind: inspect.ListType, pointer: str) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield _wrong_kind(value, "an array", pointer)
        return
    if kind.min_length is not None and len(value) < kind.min_length:
        yield Violation(pointer, "too_few", f"must have at least {kind.min_length}.")
    if kind.max_length is not None and len(value) > kind.max_length:
        yield Violation(pointer, "too_many", f"must have at most {kind.max_length}; it has {len(value)}.")
    for position, item in enumerate(value):
        yield from _violations(item, kind.item_type, f"{pointer}/{position}")


def _wrong_kind(value: Any, wanted: str, pointer: str) -> Violation:
    return Violation(pointer, "wrong_type", f"must be {wanted}, not {_KINDS[type(value)]}.")


_KINDS: Final = {
    str: "a string",
    int: "an integer",
    float: "a number with decimals or an exponent",
    bool: "true or false",
    dict: "an object",
    list: "an array",
    type(None): "null",
}
