"""Columns as they follow from the API's own shapes, like `metadata.branch`; and cells as those shapes have them."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct, inspect

from dues.domain.files.rows import Cells
from dues.domain.files.verdicts import Fault
from dues.domain.validation import as_read, as_shape
from dues.domain.violations import Violation

FREE: Final = "metadata."
"""What the names of columns begin with whose rest is the merchant's own."""

_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")

_CODES: Final = {
    "required": "required_missing",
    "too_short": "required_missing",
    "invalid_date": "date_malformed",
    "reserved_prefix": "reference_reserved",
    "too_small": "amount_out_of_range",
}
"""What a violation is called of a row, where that is another name."""


@lru_cache
def columns_of(shape: type[Struct], leave_out: frozenset[str] = frozenset()) -> Mapping[str, type]:
    """Column to the type of its cells (str, int, bool), in the order of the shape's fields. `leave_out` names fields
    that no column can be for."""
    found: dict[str, type] = {}
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        if field.encode_name not in leave_out:
            _add(found, field.encode_name, field.type)
    return found


def _add(found: dict[str, type], name: str, kind: inspect.Type) -> None:
    match kind:
        case inspect.Metadata():
            _add(found, name, kind.type)
        case inspect.UnionType():
            for choice in kind.types:
                _add(found, name, choice)
        case inspect.StructType():
            for field in kind.fields:
                _add(found, f"{name}.{field.encode_name}", field.type)
        case inspect.IntType():
            found[name] = int
        case inspect.BoolType():
            found[name] = bool
        case inspect.StrType() | inspect.DateType() | inspect.DateTimeType() | inspect.LiteralType():
            found[name] = str


def read_shape(cells: Cells, shape: type[Any], columns: Mapping[str, type]) -> Any | list[Fault]:
    """What the cells are as a `shape`, or all that is wrong with them."""
    tree: dict[str, Any] = {}
    faults: list[Fault] = []
    for column, text in cells.items():
        value = _value(columns.get(column, str), column, text)
        if isinstance(value, Fault):
            faults.append(value)
            value = None
        *path, last = column.split(".", 1 if column.startswith(FREE) else -1)
        place = tree
        for name in path:
            place = place.setdefault(name, {})
        place[last] = value
    typed = as_shape(as_read(tree, shape), shape)
    if isinstance(typed, list):
        blamed = {fault.column for fault in faults}
        faults += [fault for violation in typed if (fault := fault_of(violation)).column not in blamed]
    return faults or typed


def _value(kind: type, column: str, text: str) -> Any:
    if kind is int:
        if _INTEGER.fullmatch(text):
            return int(text)
        return Fault("amount_malformed", column, f"{column} must be an integer, in the smallest unit.")
    if kind is bool:
        if text in ("true", "false"):
            return text == "true"
        return Fault("boolean_malformed", column, f"{column} must be true or false.")
    return text


def fault_of(violation: Violation) -> Fault:
    """What a violation of a shape is of a row."""
    column = violation.pointer.removeprefix("/").replace("/", ".").replace("~1", "/").replace("~0", "~")
    return Fault(_CODES.get(violation.code, violation.code), column, f"{column} {violation.detail}")


def lacking(columns: Sequence[str], required: Sequence[str]) -> list[str]:
    """Those that are required and not there."""
    return [column for column in required if column not in columns]
