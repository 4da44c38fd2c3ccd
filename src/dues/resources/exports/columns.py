"""The columns of a file, as they follow from the JSON of its objects: `payment_rules.min_amount`, `metadata.branch`.

Beside the ids of others are the references that imports read: `customer` beside `customer_id`.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, inspect

from dues.domain.fields import METADATA_KEY_MAX
from dues.domain.files.columns import FREE
from dues.domain.money import in_major_units
from dues.domain.violations import Invalid, Violation, closest

NOUNS: Final[Mapping[str, str]] = {"customer_id": "customer", "account_id": "account", "bill_id": "bill"}
"""Columns with an id to those with the reference that it stands for."""

METADATA: Final = "metadata"

_Kind = Literal["text", "plain", "amount", "time", "flag"]


class Column(Struct, frozen=True):
    """A column, and where in the JSON its cells are: members, from the outermost."""

    name: str
    path: tuple[str, ...]
    kind: _Kind


@cache
def columns_of(body: type[Struct]) -> tuple[Column, ...]:
    """All columns of such objects, in the order of their JSON, but for those of metadata. Lists are in none."""
    found: list[Column] = []
    info = inspect.type_info(body)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        _add(found, (field.name,), field.type)
    return tuple(found)


def has_metadata(body: type[Struct]) -> bool:
    """Whether such objects have any."""
    return METADATA in body.__struct_fields__


def _add(found: list[Column], path: tuple[str, ...], kind: inspect.Type) -> None:
    name = ".".join(path)
    match kind:
        case inspect.Metadata():
            _add(found, path, kind.type)
        case inspect.UnionType():
            for choice in kind.types:
                _add(found, path, choice)
        case inspect.StructType():
            for field in kind.fields:
                _add(found, (*path, field.name), field.type)
        case inspect.IntType():
            is_amount = "amount" in path[-1] or "balance" in path[-1]
            found.append(Column(name, path, "amount" if is_amount else "plain"))
        case inspect.BoolType():
            found.append(Column(name, path, "flag"))
        case inspect.DateTimeType():
            found.append(Column(name, path, "time"))
        case inspect.StrType() | inspect.DateType() | inspect.LiteralType():
            found.append(Column(name, path, "text" if isinstance(kind, inspect.StrType) else "plain"))


def names_of(body: type[Struct], keys: Sequence[str]) -> list[str]:
    """The names of all columns: a reference comes after its id, and metadata at the end."""
    names: list[str] = []
    for column in columns_of(body):
        names += [column.name, NOUNS[column.name]] if column.name in NOUNS else [column.name]
    return names + [f"{FREE}{key}" for key in keys]


def chosen(body: type[Struct], asked: str) -> list[str]:
    """The columns that are asked for. Raises Invalid for those that there are not, or twice."""
    known, names = names_of(body, ()), asked.split(",")
    broken: list[Violation] = []
    for number, name in enumerate(names):
        is_free = has_metadata(body) and name.startswith(FREE) and 1 <= len(name) - len(FREE) <= METADATA_KEY_MAX
        if name not in known and not is_free:
            meant = closest(name, known)
            hint = f"Did you mean {meant}?" if meant else f"Known are {', '.join(known)}."
            broken.append(Violation("/columns", "unknown_column", f"has {name!r}, which is no column here. {hint}"))
        elif name in names[:number]:
            broken.append(Violation("/columns", "duplicate_column", f"has {name!r} twice."))
    if broken:
        raise Invalid(broken)
    return names


Cells = tuple[Any, ...]


def reader(
    body: type[Struct], names: Sequence[str], references: Mapping[str, str], *, major: bool, safe: bool
) -> Callable[[Any], Cells]:
    """What makes the cells of an object under these names. `references` is id to reference, and is looked up when a
    cell is made. `major`: amounts as people write them; `safe`: nothing that a spreadsheet takes for a formula."""
    columns = {column.name: column for column in columns_of(body)}
    one_owner = {*NOUNS} <= columns.keys()
    known: dict[str, Any] = {"nothing": {}, "references": references}
    known |= {"flag": _flag, "time": _time, "major": _major, "safe": safe_cell}
    cells: list[str] = []
    for number, name in enumerate(names):
        if name.startswith(FREE):
            known[f"key_{number}"] = name.removeprefix(FREE)
            cell, kind = f"(body.metadata or nothing).get(key_{number})", "text"
        elif name in columns:
            cell, kind = _read(columns[name], major), columns[name].kind
        else:
            cell, kind = _reference(name, one_owner), "text"
        cells.append(f"safe({cell})" if safe and kind == "text" else cell)
    source = f"lambda body: ({', '.join(cells)},)"
    # Written out, as Kind.of_row is: most of an export is this.
    made: Callable[[Any], Cells] = eval(source, known)  # noqa: S307 -- the names are ours
    return made


def _read(column: Column, major: bool) -> str:
    *outer, last = column.path
    inner = ".".join(["body", *column.path])
    if column.kind in ("flag", "time"):
        inner = f"{column.kind}({inner})"
    elif column.kind == "amount" and major:
        inner = f"major({inner}, body.currency)"
    assert len(outer) <= 1, f"{last} stands deeper than any member of today"
    return f"(None if body.{outer[0]} is None else {inner})" if outer else inner


def _reference(noun: str, one_owner: bool) -> str:
    """The reference of an owner. Of a payment, whose row may name one only, of what was paid."""
    found = f"references.get(body.{noun}_id)"
    unless = _GO_BEFORE.get(noun, ()) if one_owner else ()
    if not unless:
        return found
    return f"(None if {' or '.join(f'body.{name}' for name in unless)} else {found})"


_GO_BEFORE: Final = {"customer": ("bill_id", "account_id"), "account": ("bill_id",)}


def _flag(value: bool | None) -> str | None:
    return None if value is None else "true" if value else "false"


def _time(value: datetime | None) -> str | None:
    return None if value is None else str(msgspec.to_builtins(value))


def _major(amount: int | None, currency: str | None) -> str | None:
    return None if amount is None else in_major_units(amount, currency)


_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str | None) -> str | None:
    """A text that a spreadsheet takes for no formula."""
    return f"'{text}" if text and text[0] in _FORMULAS else text


def safe_header(names: Sequence[str]) -> list[str]:
    """The names of columns, which merchants have made too, for a spreadsheet."""
    return [safe_cell(name) or "" for name in names]


def csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as they stand in a file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
