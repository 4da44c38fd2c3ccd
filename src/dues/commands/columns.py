"""Columns: what of an object is written to a row, by the types of its members."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct, inspect

from dues.domain.folding import fold


class Column(Struct, frozen=True):
    """A column that is written: its type, and its value of an object."""

    name: str
    type: str
    value: Callable[[Any], object]
    saved: bool
    """Whether it may change."""
    member: str = ""
    """The member that is the value as it stands; empty: there is none."""


def column_of(field: inspect.Field, renamed: Mapping[str, str], saved: Sequence[str]) -> Column:
    """The column that a member is; `saved` names the members that may change."""
    name, kind = field.name, type_of(field.type)
    if kind == "jsonb":
        return Column(renamed.get(name, name), kind, lambda one: to_json(getattr(one, name)), name in saved)
    return Column(renamed.get(name, name), kind, attrgetter(name), name in saved, member=name)


def values_of(columns: Sequence[Column]) -> Callable[[Any], tuple[object, ...]]:
    """Makes the row of an object, in the order of the columns: those that are members come first."""
    members = [column.member for column in columns if column.member]
    others = [column.value for column in columns if not column.member]
    assert all(column.member for column in columns[: len(members)])
    if len(members) < 2:  # of one member an attrgetter gives the value, and of none there is none
        return lambda one: tuple(column.value(one) for column in columns)
    take = attrgetter(*members)  # at once, as each alone costs a group of requests more than all the rest of it
    return (lambda one: (*take(one), *(value(one) for value in others))) if others else take


def folded(name: str, member: str, *, saved: bool) -> Column:
    """The column that a text is searched by."""

    def value(one: Any) -> object:
        text: str | None = getattr(one, member)
        return None if text is None else fold(text)

    return Column(f"{name}_folded", "text", value, saved)


def type_of(kind: inspect.Type) -> str:
    """The column's type for a member's."""
    match kind:
        case inspect.UnionType():
            [only] = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            return type_of(only)
        case inspect.Metadata():
            return type_of(kind.type)
        case inspect.BoolType():
            return "boolean"
        case inspect.IntType():
            return "bigint"
        case inspect.DateType():
            return "date"
        case inspect.DateTimeType():
            return "timestamptz"
        case inspect.StructType() | inspect.DictType():
            return "jsonb"
        case _:
            return "text"


def is_json(kind: inspect.Type) -> bool:
    """Whether a member's values are JSON in the database."""
    if isinstance(kind, inspect.UnionType):
        return any(map(is_json, kind.types))
    return isinstance(kind, inspect.StructType | inspect.DictType | inspect.CollectionType)


def arrays_of(columns: Sequence[Column]) -> str:
    """The parameters $2, $3, … of rows: arrays of the tenants' ids, and of each column's values."""
    # JSON goes as text, and is cast row by row.
    types = ["integer", *("text" if column.type == "jsonb" else column.type for column in columns)]
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 2))


def cast_of(column: Column) -> str:
    """A column of an array as its row has it."""
    return f"{column.name}::jsonb" if column.type == "jsonb" else column.name


def nothing(_object: object) -> None:
    """The value of a column that is given beside the object."""
    return


def to_json(value: object) -> str | None:
    """The JSON text of `value`, or None (a null column) for None."""
    return None if value is None else msgspec.json.encode(value).decode()
