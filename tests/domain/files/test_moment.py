"""Moment's files: each column as people and spreadsheets write it, all of a row's faults at once."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.accounts import NewAccount
from dues.domain.bills import NewBill
from dues.domain.customers import NewCustomer
from dues.domain.files.moment import MOMENT_KINDS
from dues.domain.files.names import Named, read_name, said_by
from dues.domain.files.opening import Opened, Opening
from dues.domain.files.rows import FileSettings, NewBillRow, ReadRow
from dues.domain.files.verdicts import ROW_CODES, WARNINGS, FileRefusedError

_, DAILY = MOMENT_KINDS

USUAL = FileSettings()

JANE = {
    "external_reference": "C1",
    "first_name": " Jane ",
    "last_name": "Doe",
    "sa_identification_number": "8001015009087",
    "mobile_phone_number": "082 123 4567",
    "email": "jane@example.com",
    "due_date": "2026-03-01",
    "amount_due": "240.00",
    "branch": "CPT",
}


def read(settings: FileSettings = USUAL, **cells: str) -> Any:
    return DAILY.read({name: text for name, text in (JANE | cells).items() if text}, settings)


def wanted(settings: FileSettings = USUAL, **cells: str) -> Any:
    row = read(settings, **cells)
    assert isinstance(row, ReadRow), row
    return row.wanted


def faults(settings: FileSettings = USUAL, **cells: str) -> set[tuple[str, str]]:
    row = read(settings, **cells)
    assert isinstance(row, list), row
    assert {fault.code for fault in row} <= {*ROW_CODES} | {"reference_reserved", "too_long", "control_character"}
    return {(fault.code, fault.column) for fault in row}


def warnings(**cells: str) -> set[str]:
    row = read(USUAL, **cells)
    assert isinstance(row, ReadRow), row
    assert {warning.code for warning in row.warnings} <= {*WARNINGS}
    return {warning.code for warning in row.warnings}


def test_a_row_is_a_customer_an_account_or_a_bill() -> None:
    person: dict[str, Any] = {"name": "Jane Doe", "email": "jane@example.com", "phone": "+27821234567"}
    note = {"branch": "CPT"}
    jane = NewCustomer(external_reference="C1", **person)
    assert wanted() == NewCustomer(
        external_reference="C1",
        **person,
        currency="ZAR",
        balance=24_000,
        metadata={**note, "due_date": "2026-03-01"},
    )
    assert wanted(FileSettings(model="account_balance")) == NewAccount(
        customer=jane,
        external_reference="C1",
        currency="ZAR",
        balance=24_000,
        metadata={**note, "due_date": "2026-03-01"},
    )
    bill = NewBill(
        external_reference="C1/2026-03-01",
        currency="ZAR",
        amount_due=24_000,
        customer=jane,
        due_date=date(2026, 3, 1),
        metadata=note,
    )
    assert wanted(FileSettings(model="bill")) == NewBillRow(bill)
    undated = wanted(FileSettings(model="bill", file_date=date(2026, 2, 9)), due_date="")
    assert undated.bill.external_reference == "C1/2026-02-09"
    assert wanted(FileSettings(model="bill"), amount_due="0.00").settled


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("240.00", "ZAR", 24_000), ("0.1", "ZAR", 10), ("0", "ZAR", 0), ("7", "JPY", 7), ("1.234", "BHD", 1_234)],
)
def test_amounts_are_converted_on_their_text(text: str, currency: str, minor: int) -> None:
    assert wanted(FileSettings(currency=currency), amount_due=text).balance == minor


@pytest.mark.parametrize("text", ["240,00", "R240", "1 240.00", "-1", "1.234", "1e3", "00.5", ".5", "1.", "x", "१"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    assert faults(amount_due=text) == {("amount_malformed", "amount_due")}


def test_a_currency_without_decimals_has_none() -> None:
    assert faults(FileSettings(currency="JPY"), amount_due="7.0") == {("amount_malformed", "amount_due")}


@given(st.integers(0, 10**13 - 1), st.integers(0, 99))
def test_no_cent_is_lost_on_the_way(whole: int, cents: int) -> None:
    assert wanted(amount_due=f"{whole}.{cents:02}").balance == 100 * whole + cents


def test_all_faults_of_a_row_come_at_once() -> None:
    assert faults(first_name="", amount_due="240,00", due_date="20/02/2025", sa_identification_number="8.501E+12") == {
        ("required_missing", "first_name"),
        ("amount_malformed", "amount_due"),
        ("date_malformed", "due_date"),
        ("number_mangled_by_spreadsheet", "sa_identification_number"),
    }
    assert faults(sa_identification_number="") == {("identity_missing", "sa_identification_number")}
    assert faults(external_reference="bcus_1") == {("reference_reserved", "external_reference")}
    assert faults(last_name="x" * 255) == {("too_long", "first_name")}
    assert faults(last_name="D\x07oe") == {("control_character", "first_name")}
    assert faults(due_date="2026-02-30") == {("date_malformed", "due_date")}


def test_what_can_be_mended_or_left_out_is_a_warning() -> None:
    assert warnings() == set()
    assert warnings(sa_identification_number="8001015009088") == {"identity_check_digit"}
    assert warnings(mobile_phone_number="821234567") == {"leading_zero_restored"}
    assert warnings(mobile_phone_number="12") == {"phone_dropped"}
    assert warnings(email="jane@") == {"email_dropped"}
    assert wanted(email="jane@", mobile_phone_number="12").email is None
    assert wanted(mobile_phone_number="821234567").phone == "+27821234567"
    assert wanted(mobile_phone_number="+49 30 901820").phone == "+4930901820"


def test_the_identity_number_is_text_and_goes_no_further_than_recognising_it() -> None:
    row = read(sa_identification_number="", passport_number="A 0123")
    assert isinstance(row, ReadRow)
    assert row.identity
    assert row.identity.text == "A 0123"
    assert "A 0123" not in repr(row.wanted)
    by_identity = wanted(FileSettings(identifier="identity"), external_reference="")
    assert by_identity.external_reference == JANE["sa_identification_number"]


def opened(text: str) -> Opened:
    opening = Opening(DAILY, USUAL)
    opening.feed(text.encode())
    return opening.end()


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("first_name,last_name,passport_number", "header_missing_column"),
        ("first_name,last_name,amount_due,external_reference", "header_missing_column"),
        ("first_name,last_name,amount_due,passport_number", "identifier_column_missing"),
        ("external_reference,first_name,last_name,amount_due,passport_number,a,a", "header_duplicate_column"),
        (
            "external_reference,first_name,last_name,amount_due,passport_number,"
            + ",".join(f"c{number}" for number in range(10)),
            "too_many_metadata_columns",
        ),
        (f"external_reference,first_name,last_name,amount_due,passport_number,{'x' * 41}", "too_many_metadata_columns"),
        ("external_reference,first_name,last_name,amount_due,passport_number", "file_empty"),
        ("", "file_empty"),
    ],
)
def test_a_first_line_is_refused_by_name(header: str, code: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        opened(f"{header}\n")
    assert refused.value.code == code


def test_other_delimiters_are_found_where_the_first_line_needs_them() -> None:
    for delimiter in ",;\t":
        whole = opened(f"{delimiter.join(JANE)}\n{delimiter.join(JANE.values())}\n")
        assert (whole.delimiter, whole.header) == (delimiter, tuple(JANE))


def test_names_say_country_kind_and_day() -> None:
    today = date(2026, 3, 1)
    assert read_name("za_Acme_Fibre_dailyfile_2026-03-01.csv") == Named("ZA", "moment_daily", today)
    assert read_name("ZA_Acme_moment_all-customers_2026-03-01.csv.gz") == Named("ZA", "moment_full", today)
    for wrong in ("dailyfile_2026-03-01.csv", "ZA_Acme_dailyfile_2026-02-30.csv", "ZA_Acme_dailyfile_2026-03-01.txt"):
        assert read_name(wrong) is None
        assert said_by(wrong, "moment_daily", today) is None
    with pytest.raises(FileRefusedError, match="has not come"):
        said_by("ZA_Acme_dailyfile_2026-03-02.csv", "moment_daily", today)
    assert said_by("anything", "customers", today) is None
