"""Columns: what of an object is written to a row, by the types of its members."""

from collections.abc import Callable, Mapping, Sequence
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


def column_of(field: inspect.Field, renamed: Mapping[str, str], saved: Sequence[str]) -> Column:
    """The column that a member is; `saved` names the members that may change."""
    name, kind = field.name, type_of(field.type)
    if kind == "jsonb":
        return Column(renamed.get(name, name), kind, lambda one: to_json(getattr(one, name)), name in saved)
    return Column(renamed.get(name, name), kind, lambda one: getattr(one, name), name in saved)


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
