"""Finding: what is found by ranges, orders and searches is what a reader would pick out by hand, each once."""

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.lists.cursors import make_cursor
from tests.conftest import Ask, Merchant
from tests.running import Caller, new_reference

BILLS = "/billing/bills"
PAYMENTS = "/billing/payments"

Things = list[dict[str, Any]]


def today(days: int = 0) -> str:
    """A day so many days from today."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


# Ranges and orders of bills ---------------------------------------------------------------------------------------

DUE = [today(-40), today(-1), today(-1), today(), today(1), today(30), None]


@pytest.fixture
def bills(alice: Caller) -> Things:
    """Of every status, in two currencies and of two accounts; with due dates, some of them the same, and without."""
    customer = alice.register_customer(external_reference="CUST-1").json()
    accounts = [alice.open_account(customer="CUST-1", external_reference=f"UAR-{n}").json() for n in (1, 2)]
    made = []
    for number, due in enumerate(DUE * 3):
        owner: dict[str, Any] = {"account": accounts[number % 2]["id"]} if number % 5 else {"customer": customer["id"]}
        bill = {"currency": "USD" if number % 4 == 1 else "ZAR", "amount_due": 1_000 + number // 3, **owner}
        bill |= {"bill_date": today(-50 - number % 3), "external_reference": f"INV-{number}"}
        made.append(alice.make_bill(None, **bill, **({"due_date": due} if due else {})).json())
        path = f"{BILLS}/{made[-1]['id']}"
        if number % 7 == 2:
            made[-1] = alice.patch(path, {"amount_paid": made[-1]["amount_due"]}).json()
        if number % 7 == 4:
            made[-1] = alice.post(f"{path}/void", {}).json()
    return made


MEMBERS = {"due_date": "due_date", "bill_date": "bill_date", "amount": "amount_due"}


def picked(bills: Things, name: str, descending: bool, least: Any, most: Any, **filters: str) -> Things:
    """What a reader would pick out, in order."""
    member = MEMBERS[name]
    fitting = [
        bill
        for bill in bills
        if bill.get(member) is not None
        and (least is None or bill[member] >= least)
        and (most is None or bill[member] <= most)
        and all(
            bill.get({"customer": "customer_id", "account": "account_id"}.get(k, k)) == v for k, v in filters.items()
        )
    ]
    ties = ["bill_date"] if name == "due_date" else []
    return sorted(fitting, key=lambda bill: [bill[m] for m in [member, *ties, "id"]], reverse=descending)


def filters_of(bills: Things, name: str) -> Iterator[dict[str, str]]:
    """Every combination of filters that goes with an order by `name`."""
    owners: list[dict[str, str]] = [{}]
    if name == "due_date":
        owners += [{"customer": bills[1]["customer_id"]}, {"account": bills[1]["account_id"]}]
    statuses = [{}, {"status": "unpaid"}, {"status": "paid"}]
    for one, status, currency in itertools.product(owners, statuses, [{}, {"currency": "ZAR"}]):
        yield one | status | currency


@pytest.mark.parametrize("name", MEMBERS)
def test_each_range_and_order_gives_what_fits_in_order(alice: Caller, bills: Things, name: str) -> None:
    values = sorted({bill[MEMBERS[name]] for bill in bills if bill.get(MEMBERS[name])})
    least, most = values[1], values[-2]
    turn = itertools.cycle([2, 5, 100])
    for filters in filters_of(bills, name):
        for order, ends in itertools.product((None, name, f"-{name}"), ((None, None), (least, None), (least, most))):
            if order is None and ends == (None, None):
                continue
            asked = filters | {
                f"{name}[{end}]": v for end, v in zip(("gte", "lte"), ends, strict=True) if v is not None
            }
            descending = order.startswith("-") if order else name != "due_date"
            found = alice.everything(BILLS, limit=next(turn), **asked, **({"order": order} if order else {}))
            assert found == picked(bills, name, descending, *ends, **filters), (asked, order)


def test_overdue_bills_are_unpaid_and_were_due_before_today(alice: Caller, bills: Things) -> None:
    overdue = [bill for bill in bills if bill["status"] == "unpaid" and (bill.get("due_date") or "9") < today()]
    assert {bill["due_date"] for bill in overdue} == {today(-40), today(-1)}
    for filters in ({}, {"customer": "CUST-1"}, {"account": "UAR-1"}, {"currency": "ZAR"}, {"status": "unpaid"}):
        by_id = {"customer": bills[1]["customer_id"], "account": bills[1]["account_id"]}
        if "account" in filters:
            by_id["account"] = alice.get("/billing/accounts/UAR-1").json()["id"]
        exactly = {name: by_id.get(name, value) for name, value in filters.items()}
        wanted = picked(overdue, "due_date", False, None, None, **exactly)
        assert wanted
        assert alice.everything(BILLS, limit=2, overdue="true", **filters) == wanted, filters
    late = {"overdue": "true", "due_date[gte]": today(-30), "due_date[lte]": today(30), "order": "-due_date"}
    assert alice.everything(BILLS, **late) == picked(overdue, "due_date", True, today(-30), None)
    assert alice.everything(BILLS, overdue="false") == bills[::-1]


def test_what_is_overdue_goes_by_the_tenants_clock(alice: Caller) -> None:
    bill = alice.make_bill(due_date=today(1)).json()
    assert alice.everything(BILLS, overdue="true") == []
    alice.post("/billing/test_clock/advance", {"seconds": 2 * 86_400})
    assert [one["id"] for one in alice.everything(BILLS, overdue="true")] == [bill["id"]]


# Payments ---------------------------------------------------------------------------------------------------------


def test_payments_are_found_by_when_they_were_paid_and_by_amount(alice: Caller) -> None:
    account = alice.open_account(currency="ZAR", balance=100_000).json()["id"]
    made = []
    for number in range(8):
        body = {"account": account, "currency": "ZAR", "external_reference": f"EFT-{number}"}
        body |= {
            "amount": 1_000 + 100 * (number // 2),
            "paid_at": f"2026-01-0{1 + number // 3}T10:00:00.00000{number}Z",
        }
        made.append(alice.post(PAYMENTS, body).json())
    made[3] = alice.post(f"{PAYMENTS}/EFT-3/reverse", {"reason": "other"}).json()

    def listed(**asked: str) -> list[int]:
        found = alice.everything(PAYMENTS, limit=3, **asked)
        assert all(one in made for one in found)
        return [made.index(one) for one in found]

    assert listed(**{"paid_at[gte]": "2026-01-02T00:00:00Z"}) == [7, 6, 5, 4, 3]
    assert listed(**{"paid_at[gte]": "2026-01-02T12:00:00.000004+02:00", "status": "applied"}) == [7, 6, 5, 4]
    assert listed(**{"paid_at[lte]": "2026-01-02T10:00:00.000004Z", "order": "paid_at"}) == [0, 1, 2, 3, 4]
    assert listed(order="paid_at", currency="ZAR") == [0, 1, 2, 3, 4, 5, 6, 7]
    assert listed(order="-paid_at", currency="USD") == []
    assert listed(**{"amount[gte]": "1100", "amount[lte]": "1200"}) == [5, 4, 3, 2]
    assert listed(order="amount", status="applied") == [0, 1, 2, 4, 5, 6, 7]


# When they were made ----------------------------------------------------------------------------------------------


def test_what_was_made_in_a_time_is_found_with_any_filter(alice: Caller) -> None:
    customers, times = [], []
    for number in range(5):
        time.sleep(0.003)
        times.append(datetime.now(UTC).isoformat())
        time.sleep(0.003)
        kind = {"kind": "odd" if number % 2 else "even"}
        customers.append(alice.register_customer(metadata=kind, currency="ZAR").json())

    def listed(**asked: str) -> list[int]:
        return [customers.index(one) for one in alice.everything("/billing/customers", limit=2, **asked)]

    since, until = {"created_at[gte]": times[1]}, {"created_at[lte]": times[4]}
    assert listed(**since) == [4, 3, 2, 1]
    assert listed(**since, **until) == [3, 2, 1]
    assert listed(**since, **until, order="created_at") == [1, 2, 3]
    assert listed(order="created_at") == [0, 1, 2, 3, 4]
    assert listed(order="-created_at", currency="ZAR") == [4, 3, 2, 1, 0]
    assert listed(**until, **{"metadata[kind]": "even"}) == [2, 0]
    assert listed(**since, order="created_at", currency="ZAR", **{"metadata[kind]": "even"}) == [2, 4]
    assert listed(order="created_at", **{"metadata[kind]": "odd"}) == [1, 3]
    assert listed(**{"created_at[gte]": "1900-01-01T00:00:00Z", "created_at[lte]": "9990-01-01T00:00:00Z"}) == [
        *(4, 3, 2, 1, 0)
    ]
    for nothing in ({"created_at[lte]": "1900-01-01T00:00:00Z"}, {"created_at[gte]": "9990-01-01T00:00:00Z"}):
        assert listed(**nothing) == []


# Searches ---------------------------------------------------------------------------------------------------------

NAMES = [
    "Émile Zola",
    normalize("NFD", "émile b"),
    "STRASSE 7",
    "Straße 9",
    "مريم العلي",
    "100% cotton",
    "100 x",
    "a_b",
]


def test_a_search_finds_what_begins_so_as_people_read_it(alice: Caller) -> None:
    for number, name in enumerate(NAMES):
        alice.register_customer(name=name, external_reference=f"Kd/{number}")

    def found(q: str) -> set[str]:
        return {one["name"] for one in alice.everything("/billing/customers", q=q)}

    for q in ("É", "é", "ÉMILE", "e\u0301mi"):
        assert found(q) == {NAMES[0], NAMES[1]}, q
    assert found("émile z") == {NAMES[0]}
    assert found("e") == set(), "an accent is a letter's own"
    assert found("strasse") == found("STRAß") == {NAMES[2], NAMES[3]}
    assert found("مريم") == found("م") == {NAMES[4]}
    assert found("100%") == {NAMES[5]}
    assert found("%") == found("_") == found("100_") == found("العلي") == set()
    assert found("a_") == {NAMES[7]}
    assert found("kd/") == found("KD/") == set(NAMES)
    assert found("\U0010ffff") == found("x" * 255) == found("\ud7ff") == found("\\") == found("'") == set()


def test_a_customer_is_found_once_by_whatever_of_it_begins_so(alice: Caller) -> None:
    new = [
        {"external_reference": "ANNA-1", "name": "Anna One", "email": "anna@example.com", "phone": "+27821234567"},
        {"external_reference": "C-2", "name": "ANNABEL", "email": "annabel@example.com", "phone": "+27829999999"},
        {"external_reference": "C-3", "name": "Bob", "email": "Anna.B@example.com"},
        {"external_reference": "C-4", "name": "anna", "phone": "+31612345678"},
        {"external_reference": "+27", "name": "Zed"},
        {"external_reference": "C-6"},
    ]
    made = [alice.register_customer(**one).json() for one in new]

    def found(q: str, limit: int = 100) -> list[int]:
        return [made.index(one) for one in alice.everything("/billing/customers", q=q, limit=limit)]

    for limit in (1, 2, 3, 4, 100):
        assert found("anna", limit) == [0, 3, 1, 2], "by reference, then by name, then by e-mail address"
        assert found("+2782", limit) == found("2782", limit) == [0, 1]
        assert found("c-", limit) == [1, 2, 3, 5]
    assert found("+27") == [4, 0, 1]
    assert found("anna.b@") == [2]
    assert alice.get("/billing/customers?q=+2782").json()["data"] == [made[0], made[1]]
    renamed = alice.patch("/billing/customers/C-4", {"name": "Carl"}).json()
    assert found("anna") == [0, 1, 2]
    assert alice.everything("/billing/customers", q="CARL") == [renamed]
    alice.patch("/billing/customers/C-3", {"email": None})
    assert found("anna") == [0, 1]


def test_accounts_bills_and_payments_are_searched_too(alice: Caller) -> None:
    customer = alice.register_customer().json()["id"]
    accounts = [
        alice.open_account(customer=customer, external_reference=reference, name=name, currency="ZAR", balance=5).json()
        for reference, name in (("UAR-2", "Fibre"), ("uar-1", "UAR of old"), ("X-1", "uar"))
    ]
    assert alice.everything("/billing/accounts", q="Uar", limit=1) == [accounts[1], accounts[0], accounts[2]]
    bills = [alice.make_bill(None, external_reference=f"Inv-{n}", customer=customer).json() for n in (2, 1, 3)]
    bills[0] = alice.post(f"{BILLS}/Inv-2/void", {}).json()
    assert alice.everything(BILLS, q="INV-", limit=2) == [bills[1], bills[0], bills[2]]
    assert alice.everything(BILLS, q="INV-", status="unpaid", currency="ZAR", limit=1) == [bills[1], bills[2]]
    assert alice.everything(BILLS, q="INV-", currency="USD") == []
    payment = alice.post(
        PAYMENTS, {"bill": bills[1]["id"], "external_reference": "Eft 1", "amount": 500, "currency": "ZAR"}
    )
    assert alice.everything(PAYMENTS, q="eFT") == [payment.json()]
    assert alice.everything(PAYMENTS, q="eFT", status="reversed") == []


def test_nobody_finds_what_is_anothers(alice: Caller, mallory: Caller, bills: Things) -> None:
    ranges = {"due_date[gte]": "2000-01-01"}, {"amount[gte]": "0"}, {"bill_date[gte]": "2000-01-01"}
    asked = [
        *ranges,
        {"q": "inv"},
        {"overdue": "true"},
        {"order": "due_date"},
        {"created_at[gte]": "2000-01-01T00:00:00Z"},
    ]
    for one in asked:
        assert alice.everything(BILLS, **one), one
        assert mallory.everything(BILLS, **one) == [], one
    assert mallory.everything(BILLS, customer=bills[1]["customer_id"], order="due_date") == []


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "pointer", "code", "hint"),
    [
        ("due_date[gte]=2026-01-01&amount[gte]=1", "/amount", "not_together", "status, currency and one of customer"),
        ("overdue=true&amount[gte]=1", "/amount", "not_together", "beside due_date"),
        ("overdue=true&status=paid", "/overdue", "not_together", "status=unpaid"),
        ("amount[gte]=1&customer=C", "/customer", "not_together", "beside amount go status, currency"),
        ("order=due_date&created_at[gte]=2026-01-01T00:00:00Z", "/created_at", "not_together", "beside due_date"),
        ("order=amount&due_date[gte]=2026-01-01", "/order", "not_together", "order=due_date or order=-due_date"),
        ("order=created_at&due_date[gte]=2026-01-01", "/order", "not_together", "order=due_date or order=-due_date"),
        ("order=due_date&customer=C&account=A", "/account", "not_together", "one of customer, account"),
        ("order=due_date&metadata[a]=b", "/metadata[a]", "not_together", "beside due_date"),
        ("order=due_date&external_reference=INV-1", "/external_reference", "not_together", "beside due_date"),
        ("q=a&customer=C", "/customer", "not_together", "beside q go status, currency"),
        ("q=a&order=created_at", "/order", "not_together", "beside q"),
        ("q=a&due_date[gte]=2026-01-01", "/due_date", "not_together", "beside q"),
        ("q=a&overdue=true", "/overdue", "not_together", "beside q"),
        ("q=", "/q", "too_short", "leave it out"),
        (f"q={'x' * 300}", "/q", "too_long", "at most 255"),
        ("q=a%0Ab", "/q", "control_character", "control"),
        ("due_date=2026-01-01", "/due_date", "unknown_parameter", "Did you mean due_date["),
        ("due_date[gt]=2026-01-01", "/due_date[gt]", "unknown_parameter", "Did you mean due_date["),
        ("due_date[gte]=tomorrow", "/due_date[gte]", "invalid_date", "like 2026-01-31"),
        ("due_date[gte]=2026-01-02&due_date[lte]=2026-01-01", "/due_date", "empty_range", "ends before"),
        ("created_at[gte]=2026-01-02", "/created_at[gte]", "invalid_time", "offset"),
        ("created_at[gte]=0001-01-01T00:00:00Z", "/created_at[gte]", "invalid_time", "years 2 to 9998"),
        ("amount[lte]=-1", "/amount[lte]", "out_of_range", "from 0"),
        ("amount[lte]=1.5", "/amount[lte]", "out_of_range", "whole number"),
        ("overdue=yes", "/overdue", "wrong_type", "true or false"),
        ("order=status", "/order", "unknown_order", "-due_date"),
        ("paid_at[gte]=2026-01-01T00:00:00Z", "/paid_at[gte]", "unknown_parameter", "Known are"),
    ],
)
def test_what_no_index_has_and_what_makes_no_sense_is_refused(
    alice: Caller, query: str, pointer: str, code: str, hint: str
) -> None:
    problem = alice.get(f"{BILLS}?{query}").json()
    assert (problem["status"], problem["code"]) == (400, "validation_failed")
    [error] = [error for error in problem["errors"] if error["pointer"] == pointer]
    assert error["code"] == code
    assert hint in error["detail"]


def test_customers_and_accounts_are_searched_by_nothing_beside(alice: Caller) -> None:
    for path in ("customers", "accounts"):
        problem = alice.get(f"/billing/{path}?q=a&currency=ZAR").json()
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/currency", "not_together")]
        assert "beside q goes nothing else" in problem["detail"]
        assert alice.get(f"/billing/{path}?amount[gte]=1").json()["errors"][0]["code"] == "unknown_parameter"


# Cursors ----------------------------------------------------------------------------------------------------------


def test_a_cursor_is_of_its_order_range_and_search_alone(alice: Caller, bills: Things) -> None:
    asked: list[dict[str, str]] = [
        {},
        {"order": "due_date"},
        {"order": "-due_date"},
        {"order": "amount"},
        {"due_date[gte]": today(-40)},
        {"due_date[lte]": today(30)},
        {"overdue": "true"},
        {"q": "inv"},
        {"q": "inv-"},
        {"created_at[gte]": "2026-01-01T00:00:00Z"},
    ]
    for one in asked:
        answer = alice.http.get(BILLS, params={**one, "limit": 1})
        cursor = answer.json()["next_cursor"]
        following = alice.get(answer.links["next"]["url"]).json()["data"]
        assert following == alice.everything(BILLS, **one)[1:2], one
        for other in asked:
            again = alice.http.get(BILLS, params={**other, "limit": 1, "cursor": cursor})
            assert again.status_code == (200 if one == other else 400), (one, other)
            if one != other:
                assert again.json()["errors"][0]["pointer"] == "/cursor"


@pytest.mark.parametrize(
    "told",
    [
        *("", "x", "null", "[]", '["bill_1"]', '["2026-01-01","bill_1"]', '["2026-01-01","2026-01-01","bill_\\u0000"]'),
        *('["2026-13-01","2026-01-01","bill_1"]', '["2026-01-01","2026-01-01",1]', '["2026-01-01","2026-01-01","~"]'),
    ],
)
def test_a_place_that_somebody_made_up_is_refused(
    alice: Caller, merchant: Merchant, ask: Ask[list[Row]], told: str
) -> None:
    async def tenant(database: Database) -> list[Row]:
        return await database.rows("select cell, id from tenants where merchant_id = $1 and mode = 'test'", merchant.id)

    [found] = ask(tenant)
    cursor = make_cursor(Tenant(found["cell"], found["id"]), "bills", {"order": "due_date"}, told)
    answer = alice.http.get(BILLS, params={"order": "due_date", "cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor")


def test_what_is_made_between_two_pages_moves_nothing(alice: Caller, bills: Things) -> None:
    first = alice.http.get(BILLS, params={"order": "due_date", "limit": 4}).json()
    alice.make_bill(due_date=today(-60), bill_date=today(-60), external_reference=new_reference("INV"))
    rest = alice.everything(BILLS, order="due_date", limit=100)
    cursor = {"order": "due_date", "limit": 100, "cursor": first["next_cursor"]}
    second = alice.http.get(BILLS, params=cursor).json()["data"]
    assert first["data"] + second == picked(bills, "due_date", False, None, None)
    assert len(rest) == len(first["data"]) + len(second) + 1
