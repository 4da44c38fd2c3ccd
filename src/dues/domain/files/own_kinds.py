"""Our own kinds of file: one row an object, columns named as the API's fields, amounts in minor units.

What `dues export` writes is what these read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from dues.domain.accounts import NewAccount
from dues.domain.adjustments import NewAdjustment
from dues.domain.bills import NewBill
from dues.domain.credits import NewCredit
from dues.domain.customers import NewCustomer
from dues.domain.fields import METADATA_KEY_MAX
from dues.domain.files.columns import FREE, columns_of, lacking, read_shape
from dues.domain.files.rows import (
    AdjustmentRow,
    Cells,
    CreditRow,
    FileKind,
    FileKindName,
    FileSettings,
    NewBillRow,
    NothingRow,
    ReadRow,
)
from dues.domain.files.verdicts import Fault, FileRefusedError
from dues.domain.new_payments import NewPayment
from dues.domain.violations import closest

SHOWN: Final = frozenset(
    {"id", "customer_id", "account_id", "bill_id", "status", "amount_paid", "amount_remaining", "amount_credited"}
    | {"amount_refunded", "amount_unapplied", "created_at", "balance_after", "number", "voided_at", "collector_id"}
    | {"represented_by", "reversal.reason", "reversal.reversed_at", "reversal.note"}
)
"""What exports show beside what imports read: it is not asked for, so it is left alone."""


_OVER: Final = frozenset({"voided", "reversed"})
"""What a bill or a payment is for good that is owed, or stands, no more. Made anew it would be, and money with it."""


def _over(status: str) -> ReadRow:
    detail = f"The row is of what was {status}: nothing is made of it, nor changed."
    return ReadRow(NothingRow(), [Fault("left_out", "status", detail)])


def _kind(
    name: FileKindName,
    columns: Mapping[str, type],
    required: Sequence[str],
    key: Callable[[Cells], str | None],
    read: Callable[[Cells, Mapping[str, type]], ReadRow | list[Fault]],
) -> FileKind:
    def check(header: Sequence[str], _settings: FileSettings) -> None:
        if missing := lacking(header, required):
            raise FileRefusedError("header_missing_column", f"The first line lacks {', '.join(missing)}.")
        for column in header:
            if column.startswith(FREE) and 1 <= len(column) - len(FREE) <= METADATA_KEY_MAX:
                continue
            if column not in columns and column not in SHOWN:
                meant = closest(column, columns)
                hint = f"Did you mean {meant}?" if meant else f"Known are {', '.join(columns)} and metadata.…"
                raise FileRefusedError("header_unknown_column", f"{column!r} is no column of {name}. {hint}")

    def read_known(cells: Cells, _settings: FileSettings) -> ReadRow | list[Fault]:
        if (status := cells.get("status", "")) in _OVER:
            return _over(status)
        return read({column: text for column, text in cells.items() if column not in SHOWN}, columns)

    return FileKind(name, required, check, lambda cells, _settings: key(cells), read_known, dict.fromkeys(columns, ""))


def _shaped(shape: type[Struct], wrap: Callable[[Any], Any] = lambda wanted: wanted) -> Callable[..., Any]:
    def read(cells: Cells, columns: Mapping[str, type]) -> ReadRow | list[Fault]:
        wanted = read_shape(cells, shape, columns)
        return wanted if isinstance(wanted, list) else ReadRow(wrap(wanted))

    return read


def _reference(cells: Cells) -> str | None:
    return cells.get("external_reference")


_OF_NEW_CUSTOMER: Final = ("external_reference", "name", "email", "phone")
"""What a row may say of a customer who comes along with something else: no balance, which would be counted twice."""


def _with_customer(shape: type[Struct], leave_out: frozenset[str] = frozenset()) -> Mapping[str, type]:
    own = {column: kind for column, kind in columns_of(shape, leave_out).items() if "customer." not in column}
    return own | {f"customer.{column}": str for column in _OF_NEW_CUSTOMER}


_ADJUSTED: Final = {"account": str, "customer": str, **columns_of(NewAdjustment)}

_CREDITED: Final = {"bill": str, **columns_of(NewCredit)}


def _read_adjustment(cells: Cells, columns: Mapping[str, type]) -> ReadRow | list[Fault]:
    named = [noun for noun in ("account", "customer") if noun in cells]
    faults = [
        *_required(cells, ("external_reference",)),
        *([] if named else [Fault("required_missing", "account", "account is required, or customer.")]),
        *([Fault("one_only", "customer", "customer must not be given beside account.")] if len(named) > 1 else []),
    ]
    rest = {column: text for column, text in cells.items() if column not in ("account", "customer")}
    new = read_shape(rest, NewAdjustment, columns)
    if isinstance(new, list):
        return [*faults, *new]
    noun: Literal["account", "customer"] = "account" if "account" in named else "customer"
    return faults or ReadRow(AdjustmentRow(noun, cells[noun], new))


def _read_credit(cells: Cells, columns: Mapping[str, type]) -> ReadRow | list[Fault]:
    faults = _required(cells, ("bill", "external_reference"))
    new = read_shape({column: text for column, text in cells.items() if column != "bill"}, NewCredit, columns)
    if isinstance(new, list):
        return [*faults, *new]
    return faults or ReadRow(CreditRow(cells["bill"], new))


def _required(cells: Cells, columns: Sequence[str]) -> list[Fault]:
    return [Fault("required_missing", column, f"{column} is required.") for column in columns if column not in cells]


def _adjusted(cells: Cells) -> str | None:
    reference = cells.get("external_reference")
    owner = cells.get("account") or cells.get("customer")
    return reference and owner and f"{owner}\n{reference}"


OWN_KINDS: Final[tuple[FileKind, ...]] = (
    _kind("customers", columns_of(NewCustomer), ("external_reference",), _reference, _shaped(NewCustomer)),
    _kind("accounts", _with_customer(NewAccount), ("external_reference",), _reference, _shaped(NewAccount)),
    _kind(
        "bills",
        {**_with_customer(NewBill, frozenset({"account"})), "account": str},
        ("external_reference", "currency", "amount_due"),
        _reference,
        _shaped(NewBill, NewBillRow),
    ),
    _kind(
        "payments",
        columns_of(NewPayment, frozenset({"parts"})),
        ("external_reference", "amount", "currency"),
        _reference,
        _shaped(NewPayment),
    ),
    _kind("adjustments", _ADJUSTED, ("external_reference", "amount", "reason"), _adjusted, _read_adjustment),
    _kind("credits", _CREDITED, ("bill", "external_reference", "amount", "kind", "reason"), _reference, _read_credit),
)
