"""Moment's two kinds of file: all customers once, and what has changed every day. Amounts are in major units."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from dues.domain.accounts import NewAccount
from dues.domain.bills import NewBill
from dues.domain.currencies import EXPONENTS
from dues.domain.customers import NewCustomer
from dues.domain.fields import METADATA_KEY_MAX
from dues.domain.files.columns import fault_of, lacking
from dues.domain.files.phones import as_e164
from dues.domain.files.rows import (
    RESULT_COLUMNS,
    Cells,
    FileKind,
    FileKindName,
    FileSettings,
    Identity,
    NewBillRow,
    ReadRow,
)
from dues.domain.files.verdicts import Fault, FileRefusedError
from dues.domain.metadata import KEYS_MAX
from dues.domain.validation import as_read, as_shape

FIRST_NAME, LAST_NAME = "first_name", "last_name"
PASSPORT, IDENTITY = "passport_number", "sa_identification_number"
PHONE, EMAIL = "mobile_phone_number", "email"
DUE_DATE, AMOUNT_DUE = "due_date", "amount_due"

COLUMNS: Final[Mapping[str, str]] = {
    FIRST_NAME: "Required. The name is first and last name, joined by a space: 255 characters at most.",
    LAST_NAME: "Required.",
    PASSPORT: "This or the next is required. Text. It is recognised again, and not kept.",
    IDENTITY: "13 digits, as text.",
    PHONE: "A phone number as people of the file's country write it, or with + and the country's code.",
    EMAIL: "An e-mail address.",
    DUE_DATE: "`YYYY-MM-DD`.",
    AMOUNT_DUE: "Required. In major units, with a point: `240.00`. `0.00`: it was settled elsewhere.",
}
"""Every column with a meaning of its own; the others are metadata."""

_OWN: Final = frozenset(COLUMNS) | frozenset(RESULT_COLUMNS)

_REQUIRED: Final = (FIRST_NAME, LAST_NAME, AMOUNT_DUE)

_MANGLED: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
"""What a spreadsheet makes of a long number."""

_WHOLE: Final = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]+))?")

_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
"""Each digit's double, its own two digits summed up."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _check(header: Sequence[str], settings: FileSettings) -> None:
    missing = lacking(header, _REQUIRED)
    if PASSPORT not in header and IDENTITY not in header:
        missing.append(f"{PASSPORT} or {IDENTITY}")
    if missing:
        raise FileRefusedError("header_missing_column", f"The first line lacks {', '.join(missing)}.")
    if settings.identifier != "identity" and settings.identifier not in header:
        detail = f"The first line lacks {settings.identifier}, which this merchant's files are identified by."
        raise FileRefusedError("identifier_column_missing", detail)
    free = [column for column in header if _is_free(column, settings)]
    wrong = [column for column in free if not 1 <= len(column) <= METADATA_KEY_MAX or _CONTROL.search(column)]
    if wrong or len(free) > KEYS_MAX - _own_metadata(settings):
        detail = f"The first line has {len(free)} columns of metadata; it may have {KEYS_MAX - _own_metadata(settings)}"
        raise FileRefusedError("too_many_metadata_columns", f"{detail}, of names of 1 to 40 characters.")


def _own_metadata(settings: FileSettings) -> int:
    """How much of the metadata is not the merchant's own: in the balance models the due date stands there."""
    return 0 if settings.model == "bill" else 1


def _is_free(column: str, settings: FileSettings) -> bool:
    return column not in _OWN and column != settings.identifier


def _key(cells: Cells, settings: FileSettings) -> str | None:
    reference = _reference(cells, settings)
    if reference is None or settings.model != "bill":
        return reference
    return _bill_reference(reference, cells, settings)


def _reference(cells: Cells, settings: FileSettings) -> str | None:
    if settings.identifier == "identity":
        return cells.get(IDENTITY) or cells.get(PASSPORT)
    return cells.get(settings.identifier)


def _bill_reference(reference: str, cells: Cells, settings: FileSettings) -> str:
    day = cells.get(DUE_DATE) or settings.file_date
    return f"{reference}/{day}" if day else reference


def _read(cells: Cells, settings: FileSettings) -> ReadRow | list[Fault]:
    cells = {column: bare for column, text in cells.items() if (bare := text.strip())}
    faults = [*_missing(cells, settings), *_mangled(cells)]
    warnings: list[Fault] = []
    amount = _amount(cells.get(AMOUNT_DUE), settings.currency)
    if isinstance(amount, Fault):
        faults.append(amount)
    if fault := _due_date(cells.get(DUE_DATE)):
        faults.append(fault)
    identity = cells.get(IDENTITY)
    if identity and not _is_checked(identity):
        warnings.append(Fault("identity_check_digit", IDENTITY, f"The last digit of {IDENTITY} is wrong."))
    phone, warning = as_e164(cells.get(PHONE), settings.country) if not faults else (None, None)
    if warning:
        warnings.append(Fault(warning, PHONE, f"{PHONE}: {_PHONE_WARNINGS[warning]}"))
    reference = _reference(cells, settings)
    if faults or reference is None or isinstance(amount, Fault):
        return faults
    name = f"{cells[FIRST_NAME]} {cells[LAST_NAME]}"
    person = {"external_reference": reference, "name": name, "phone": phone, "email": cells.get(EMAIL)}
    known = _shaped(person, NewCustomer, settings) if person["email"] else None
    if isinstance(known, list) and {fault.column for fault in known} == {EMAIL}:
        warnings.append(Fault("email_dropped", EMAIL, known[0].detail))
        person["email"] = None
    wanted = _wanted(person, amount, cells, settings)
    if isinstance(wanted, list):
        return wanted
    text = identity or cells.get(PASSPORT)
    return ReadRow(wanted, warnings, Identity(text) if text else None)


_PHONE_WARNINGS: Final = {
    "leading_zero_restored": "the first 0 was lost, and is there again.",
    "phone_dropped": "it is no phone number; the row went on without it.",
}


def _missing(cells: Cells, settings: FileSettings) -> Iterator[Fault]:
    named = () if settings.identifier == "identity" else (settings.identifier,)
    for column in (*named, *_REQUIRED):
        if column not in cells:
            yield Fault("required_missing", column, f"{column} is required.")
    if PASSPORT not in cells and IDENTITY not in cells:
        yield Fault("identity_missing", IDENTITY, f"{IDENTITY} is required, or {PASSPORT}.")


def _mangled(cells: Cells) -> Iterator[Fault]:
    for column in (IDENTITY, PASSPORT, PHONE):
        if column in cells and _MANGLED.fullmatch(cells[column]):
            detail = f"{column} is {cells[column]!r}: a spreadsheet has rounded it. Export the column as text."
            yield Fault("number_mangled_by_spreadsheet", column, detail)


def _amount(text: str | None, currency: str) -> int | Fault:
    """In minor units, converted on the text: no float knows what ten cents are."""
    exponent = EXPONENTS[currency]
    found = _WHOLE.fullmatch(text or "0")
    if found is None or len(found[2] or "") > exponent:
        form = f"{240:.{exponent}f}"
        return Fault("amount_malformed", AMOUNT_DUE, f"{AMOUNT_DUE} must be an amount like {form}, not {text!r}.")
    return int(found[1] + (found[2] or "").ljust(exponent, "0"))


def _due_date(text: str | None) -> Fault | None:
    if text is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            date.fromisoformat(text)
            return None
    except ValueError:
        pass
    return Fault("date_malformed", DUE_DATE, f"{DUE_DATE} must be a date like 2025-02-20, not {text!r}.")


def _is_checked(identity: str) -> bool:
    """Luhn's check digit of 13 digits."""
    if len(identity) != 13 or not (identity.isascii() and identity.isdigit()):
        return False
    digits = identity.encode()
    # Thirteen times the letter 0, which is 48, comes to 624.
    return (sum(digits[::2]) + sum(digits[1::2].translate(_DOUBLED)) - 624) % 10 == 0


def _wanted(person: Mapping[str, Any], amount: int, cells: Cells, settings: FileSettings) -> Any:
    metadata = {column: text for column, text in cells.items() if _is_free(column, settings)}
    reference = person["external_reference"]
    if settings.model == "bill":
        # A bill of nothing is none: that it was settled elsewhere is told beside it.
        owed: dict[str, Any] = {"amount_due": amount or 1, "due_date": cells.get(DUE_DATE), "customer": _known(person)}
        named: dict[str, Any] = {
            "external_reference": _bill_reference(reference, cells, settings),
            "currency": settings.currency,
        }
        bill = _shaped({**owed, **named, "metadata": metadata}, NewBill, settings)
        return bill if isinstance(bill, list) else NewBillRow(bill, settled=not amount)
    if DUE_DATE in cells:
        metadata = {**metadata, DUE_DATE: cells[DUE_DATE]}
    owed = {"balance": amount, "currency": settings.currency, "metadata": metadata}
    if settings.model == "account_balance":
        named = {"external_reference": reference, "customer": _known(person)}
        return _shaped({**owed, **named}, NewAccount, settings)
    return _shaped({**owed, **person}, NewCustomer, settings)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _shaped(values: Mapping[str, Any], shape: type[Any], settings: FileSettings) -> Any:
    """The typed request, or what is wrong with it, blamed on the columns of this file."""
    made = as_shape(as_read(_known(values), shape), shape)
    if not isinstance(made, list):
        return made
    columns = {"external_reference": settings.identifier, "name": FIRST_NAME, "phone": PHONE}
    faults = {}
    for fault in map(fault_of, made):
        own = fault.column.rpartition(".")[2]
        column = IDENTITY if columns.get(own, own) == "identity" else columns.get(own, own)
        faults[fault.code, column] = Fault(fault.code, column, fault.detail.replace(fault.column, column, 1))
    return list(faults.values())


def _kind(name: FileKindName) -> FileKind:
    return FileKind(name, (FIRST_NAME, LAST_NAME), _check, _key, _read, COLUMNS)


MOMENT_KINDS: Final = (_kind("moment_full"), _kind("moment_daily"))
