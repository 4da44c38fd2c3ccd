"""Query strings: each parameter becomes what its type says, or all that is wrong is told at once."""

from datetime import UTC, date, datetime
from typing import Annotated
from urllib.parse import quote

import pytest
from msgspec import Struct

from dues.domain.fields import says
from dues.domain.money import AMOUNT_MAX
from dues.domain.tenants import Tenant
from dues.http.parameters import parameters_of
from dues.http.problems import ProblemError
from dues.http.queries import decode_query
from dues.lists.cursors import make_cursor
from dues.lists.listing import Listing
from dues.lists.query import ByMetadata, FindingQuery, InTheirOrder
from dues.lists.ranges import AmountRange, DateRange, TimeRange
from dues.resources.accounts.operations import AccountQuery
from dues.resources.accounts.store import ACCOUNTS
from dues.resources.accounts.wire import AccountBody
from dues.resources.api import OPERATIONS
from dues.resources.bills.operations import BillQuery
from dues.resources.daily_totals.operations import DayQuery
from dues.resources.events.operations import EventQuery
from dues.resources.listed import listing
from dues.resources.operation import AsOfQuery, NoQuery, PreviewQuery
from dues.resources.payments.operations import PaymentQuery

CURSOR = make_cursor(Tenant(0, 1), "bills", {}, "bill_1")


def violations(query_string: str, shape: type[Struct]) -> list[tuple[str, str]]:
    """Pointer and code of everything that is wrong."""
    with pytest.raises(ProblemError) as raised:
        decode_query(query_string.encode(), shape)
    assert raised.value.code == "validation_failed"
    return [(violation.pointer, violation.code) for violation in raised.value.errors]


def test_nothing_said_is_what_is_usual() -> None:
    assert decode_query(b"", BillQuery) == BillQuery(limit=20)
    assert decode_query(b"", EventQuery) == EventQuery()
    assert not decode_query(b"", PreviewQuery).preview


def test_everything_said_arrives() -> None:
    asked = f"limit=7&cursor={CURSOR}&external_reference=a%2Fb&status=paid&metadata[plan]=gold&metadata[%20]=&account=A"
    query = decode_query(asked.encode(), BillQuery)
    assert (query.limit, query.cursor) == (7, CURSOR)
    assert query.filters == {"external_reference": "a/b", "account": "A", "status": "paid"}
    assert query.pairs == {"plan": "gold", " ": ""}
    assert query.everything == query.filters | {"metadata[plan]": "gold", "metadata[ ]": ""}


def test_ranges_arrive_as_what_they_are_of_and_tie_a_cursor() -> None:
    query = decode_query(
        b"due_date[lte]=2026-01-31&created_at[gte]=2026-01-01T02:00:00%2B02:00&overdue=true", BillQuery
    )
    assert query.due_date == DateRange(lte=date(2026, 1, 31))
    assert query.created_at == TimeRange(gte=datetime(2026, 1, 1, tzinfo=UTC))
    assert query.filters == {}
    assert query.everything == {
        "due_date[lte]": "2026-01-31",
        "created_at[gte]": "2026-01-01T00:00:00+00:00",
        "overdue": "true",
    }
    assert decode_query(b"amount[gte]=0&amount[lte]=9007199254740991", BillQuery).amount == AmountRange(
        gte=0, lte=AMOUNT_MAX
    )


def test_what_is_no_filter_does_not_tie_a_cursor() -> None:
    query = decode_query(b"order=oldest_first&type=bill.paid,bill.created&wait=5&after=evt_1&limit=3", EventQuery)
    assert query.everything == {"order": "oldest_first", "type": "bill.paid,bill.created"}
    assert (query.type, query.wait, query.after) == (["bill.paid", "bill.created"], 5, "evt_1")


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00%2B02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_however_its_plus_was_sent(said: str, time: datetime) -> None:
    assert decode_query(f"as_of={said}".encode(), AsOfQuery).as_of == time


@pytest.mark.parametrize(
    "said", ["", "now", "2026-01-31", "2026-01-31T12:00:00", "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"]
)
def test_a_time_without_a_place_on_earth_is_refused(said: str) -> None:
    assert violations(f"as_of={said}", AsOfQuery) == [("/as_of", "invalid_time")]


def test_a_day_is_a_day_of_this_time() -> None:
    assert decode_query(b"day=2026-01-31&collector=key_1", DayQuery) == DayQuery(date(2026, 1, 31), None, "key_1")
    for said in ("20260131", "2026-02-30", "1969-12-31", "2201-01-01", "2026-W05-6", "%D9%A2026-01-31", ""):
        assert violations(f"day={said}", DayQuery) == [("/day", "invalid_date")], said


def test_a_flag_is_true_or_false() -> None:
    assert decode_query(b"preview=true", PreviewQuery).preview
    assert not decode_query(b"preview=false", PreviewQuery).preview
    for said in ("yes", "", "True", "1"):
        assert violations(f"preview={said}", PreviewQuery) == [("/preview", "wrong_type")], said


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("colour=red&limit=0&status=open&cursor=x", {"/colour", "/limit", "/status", "/cursor"}),
        ("&".join(f"metadata[{number}]=x" for number in range(11)), {"/metadata"}),
        ("metadata[]=x&metadata=y&metadata[a]=z", {"/metadata[]", "/metadata"}),
        ("limit=1&limit=1", {""}),
        ("currency=%FF", {""}),
        ("currency=%00", {""}),
        ("limit=0020", {"/limit"}),
    ],
)
def test_all_that_is_wrong_is_told_at_once(said: str, wrong: set[str]) -> None:
    assert {pointer for pointer, _ in violations(said, BillQuery)} == wrong


CHECKED_LIKE_BODIES = [
    (AccountQuery, "currency=zar", "/currency", "unknown_currency", "Did you mean ZAR?"),
    (AccountQuery, "currency=", "/currency", "unknown_currency", "For example ZAR."),
    (AccountQuery, "currency=ZA1", "/currency", "unknown_currency", "ISO 4217"),
    (AccountQuery, "customer=", "/customer", "too_short", "leave it out"),
    (AccountQuery, f"customer={'x' * 256}", "/customer", "too_long", "at most 255"),
    (AccountQuery, "external_reference=", "/external_reference", "too_short", "leave it out"),
    (AccountQuery, "external_reference=a%0Ab", "/external_reference", "control_character", "control"),
    (AccountQuery, "customr=x", "/customr", "unknown_parameter", "Did you mean customer?"),
    (BillQuery, "account=", "/account", "too_short", "leave it out"),
    (BillQuery, "status=", "/status", "unknown_status", "unpaid, paid, voided"),
    (BillQuery, f"metadata[{'k' * 41}]=x", f"/metadata[{'k' * 41}]", "key_too_long", "at most 40"),
    (BillQuery, f"metadata[k]={'x' * 501}", "/metadata[k]", "too_long", "at most 500"),
    (BillQuery, "metadata[k]=a%07", "/metadata[k]", "control_character", "control"),
    (PaymentQuery, "bill=", "/bill", "too_short", "leave it out"),
    (EventQuery, "object=INV-1", "/object", "invalid_id", "must be an id"),
    (EventQuery, "object=", "/object", "too_short", "leave it out"),
    (EventQuery, "order=oldest_first&after=yesterday", "/after", "invalid_id", "must be an id"),
    (EventQuery, "type=", "/type", "unknown_type", "with commas"),
    (DayQuery, "collector=till", "/collector", "invalid_id", "must be an id"),
    (DayQuery, "collector=", "/collector", "too_short", "leave it out"),
]


@pytest.mark.parametrize(("shape", "said", "pointer", "code", "hint"), CHECKED_LIKE_BODIES)
def test_filters_are_checked_like_bodies(shape: type[Struct], said: str, pointer: str, code: str, hint: str) -> None:
    with pytest.raises(ProblemError) as raised:
        decode_query(said.encode(), shape)
    [violation] = raised.value.errors
    assert (violation.pointer, violation.code) == (pointer, code)
    assert hint in violation.detail


def test_no_parameter_of_any_operation_takes_nothing_or_everything() -> None:
    for operation in OPERATIONS:
        for parameter in parameters_of(operation.query):
            for said in ("", "\x07" * 300):
                for name in (name.replace("key", "k") for name in parameter.names):
                    if said or parameter.most is None:  # metadata may well have an empty value
                        pointers = {pointer for pointer, _ in violations(f"{name}={quote(said)}", operation.query)}
                        assert f"/{name}" in pointers, (operation.id, name)


def test_what_contradicts_itself_is_told_beside_what_makes_no_sense() -> None:
    assert violations("wait=99&order=random&limit=0", EventQuery) == [
        ("/limit", "out_of_range"),
        ("/order", "unknown_order"),
        ("/wait", "out_of_range"),
        ("/wait", "needs_order"),
    ]


def test_who_misspells_learns_what_there_is() -> None:
    with pytest.raises(ProblemError) as raised:
        decode_query(b"colour=red", AccountQuery)
    assert raised.value.errors[0].detail == (
        "is no parameter here. Known are: limit, cursor, created_at[gte], created_at[lte], q, order, "
        "external_reference, customer, currency, metadata[key]."
    )
    with pytest.raises(ProblemError) as raised:
        decode_query(b"colour=red", NoQuery)
    assert raised.value.errors[0].detail == "is no parameter here. Known are: none."


def test_every_parameter_of_every_operation_can_be_described_and_read() -> None:
    for operation in OPERATIONS:
        for parameter in parameters_of(operation.query):
            described = parameter.described()
            assert described["description"].endswith("."), parameter
            kind = described["schema"].get("type")
            assert kind in ("string", "integer", "boolean", "object") or "$ref" in described["schema"]
            assert (described.get("style") == "deepObject") == (kind == "object")


class OtherQuery(FindingQuery, frozen=True, kw_only=True):
    """A list's query with a filter that its list does not have."""

    external_reference: Annotated[str, says("x")] | None = None
    colour: Annotated[str, says("x")] | None = None
    metadata: ByMetadata | None = None
    order: InTheirOrder | None = None


def test_a_list_and_its_query_cannot_drift_apart() -> None:
    listing(ACCOUNTS, AccountQuery, AccountBody, lambda row: row)
    with pytest.raises(AssertionError, match="colour"):
        listing(ACCOUNTS, OtherQuery, AccountBody, lambda row: row)
    fewer = Listing(name="x", prefix="x_", columns="*", table="x t", filters={"currency": "t.currency = {}"})
    with pytest.raises(AssertionError, match="customer"):
        listing(fewer, AccountQuery, AccountBody, lambda row: row)
