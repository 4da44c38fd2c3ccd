"""Lists had whole: all rows, of one instant, and what imports read."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Merchant
from tests.resources.imports.conftest import Importing
from tests.resources.payments.paying import pay
from tests.running import Caller, new_reference

Row = dict[str, str]


def ask(caller: Caller, path: str, accept: str = "text/csv", **asked: str) -> httpx.Response:
    parameters = {name.rstrip("_"): text for name, text in asked.items()}
    return caller.http.get(path, params=parameters, headers={"Accept": accept})


def rows(caller: Caller, path: str, **asked: str) -> list[Row]:
    answer = ask(caller, path, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


class Books:
    """A merchant's, with one of everything that a file has to say."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.customer, self.account = new_reference("C"), new_reference("A")
        self.due, self.paid, self.voided = new_reference("B"), new_reference("B"), new_reference("B")
        rules = {"min_amount": 5, "max_amount": 90_000, "underpayment_allowed": True, "overpayment_allowed": False}
        caller.register_customer(
            external_reference=self.customer,
            name='Zoë "Z", =cmd',
            phone="+27821234567",
            metadata={"branch": "CPT", "no.te": "a, b"},
            currency="ZAR",
            balance=-1_234,
        )
        caller.open_account(
            external_reference=self.account, customer=self.customer, currency="ZAR", balance=70_000, payment_rules=rules
        )
        for reference, owner in ((self.due, "account"), (self.paid, "customer"), (self.voided, "account")):
            named = {"account": self.account} if owner == "account" else {"customer": self.customer}
            made = caller.make_bill(
                external_reference=reference, due_date="2026-03-31", bill_date="2026-03-01", **named
            )
            assert made.status_code == 201, made.text
        caller.post(f"/billing/bills/{self.voided}/void", {})
        assert pay(caller, bill=self.paid, amount=150_000).status_code == 201
        assert pay(caller, account=self.account, amount=1_000, method="eft").status_code == 201
        bounced = pay(caller, account=self.account, amount=2_000).json()
        assert caller.post(f"/billing/payments/{bounced['id']}/reverse", {"reason": "bounced"}).status_code == 200

    def file(self, kind: str, **asked: str) -> bytes:
        return ask(self.caller, f"/billing/{kind}", **asked).content


@pytest.fixture
def books(alice: Caller) -> Books:
    return Books(alice)


KINDS = ("customers", "accounts", "bills", "payments")


def test_a_list_has_all_of_its_rows_by_the_same_filters_and_in_the_same_order(alice: Caller) -> None:
    customer = new_reference("C")
    alice.register_customer(external_reference=customer)
    made = []
    for number in range(25):  # more than a page of JSON
        currency = "ZAR" if number % 2 else "USD"
        made.append(alice.make_bill(customer=customer, currency=currency, amount_due=100 + number).json())
    asks: list[dict[str, str]] = [
        {},
        {"currency": "USD"},
        {"order": "amount"},
        {"amount[gte]": "110"},
        {"q": made[3]["external_reference"]},
        {"customer": customer, "status": "unpaid"},
        {"status": "voided"},
    ]
    for asked in asks:
        listed = alice.everything("/billing/bills", **asked)
        found = rows(alice, "/billing/bills", **asked)
        assert [row["id"] for row in found] == [bill["id"] for bill in listed], asked
    assert {row["customer"] for row in rows(alice, "/billing/bills")} == {customer}


def test_cells_are_the_members_of_the_json_and_what_they_refer_to(books: Books) -> None:
    caller = books.caller
    [account] = rows(caller, "/billing/accounts")
    shown = caller.get(f"/billing/accounts/{books.account}").json()
    assert account == {
        "id": shown["id"],
        "external_reference": books.account,
        "customer_id": shown["customer_id"],
        "customer": books.customer,
        "name": "",
        "currency": "ZAR",
        "balance": str(shown["balance"]),
        "payment_rules.min_amount": "5",
        "payment_rules.max_amount": "90000",
        "payment_rules.underpayment_allowed": "true",
        "payment_rules.overpayment_allowed": "false",
    }
    by_reference = {row["external_reference"]: row for row in rows(caller, "/billing/bills")}
    due, paid, voided = (by_reference[one] for one in (books.due, books.paid, books.voided))
    assert (due["account"], due["customer"], due["due_date"]) == (books.account, books.customer, "2026-03-31")
    assert (paid["account"], paid["amount_paid"], paid["status"]) == ("", "150000", "paid")
    assert voided["voided_at"] == caller.get(f"/billing/bills/{books.voided}").json()["voided_at"]
    # A payment names what was paid, and nothing else, as one that is sent does.
    owners = [tuple(row[noun] for noun in ("bill", "account", "customer")) for row in rows(caller, "/billing/payments")]
    assert owners == [("", books.account, ""), ("", books.account, ""), (books.paid, "", "")]
    entries = rows(caller, f"/billing/accounts/{books.account}/entries", amounts="major")
    assert [row["balance_after"] for row in entries] == ["690.00", "670.00", "690.00", "700.00"]
    assert rows(caller, f"/billing/bills/{books.due}/credits") == []


def test_it_has_the_columns_that_are_asked_for_and_refuses_what_it_does_not_know(books: Books) -> None:
    caller, path = books.caller, "/billing/customers"
    text = ask(caller, path, columns="metadata.no.te,balance,metadata.none", amounts="major").text
    assert text == 'metadata.no.te,balance,metadata.none\r\n"a, b",-12.34,\r\n'
    [row] = rows(caller, path)
    assert {"metadata.branch": "CPT", "metadata.no.te": "a, b"}.items() <= row.items()
    for asked, code in (
        ({"columns": "balanse"}, "unknown_column"),
        ({"columns": "name,name"}, "duplicate_column"),
        ({"limit": "5"}, "not_together"),
        ({"for": "excel"}, "unknown_for"),
        ({"customer": "x"}, "unknown_parameter"),
    ):
        answer = ask(caller, path, **asked)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    as_page = ask(caller, path, "application/json", columns="name")
    assert (as_page.status_code, as_page.json()["errors"][0]["code"]) == (400, "not_together")
    missing = ask(caller, "/billing/bills/none/credits")
    assert (missing.status_code, missing.json()["code"]) == (404, "bill_not_found")
    unserved = ask(caller, "/billing/bills", **{"overdue": "true", "amount[gte]": "1"})
    assert (unserved.status_code, unserved.json()["errors"][0]["code"]) == (400, "not_together")


def test_accept_says_which_and_anything_else_is_not_to_be_had(alice: Caller) -> None:
    for accept, status, media_type in (
        ("", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("text/csv, application/json", 200, "application/json"),
        ("text/csv, application/json;q=0.9", 200, "text/csv; charset=utf-8"),
        ("text/*", 200, "text/csv; charset=utf-8"),
        ("text/html, */*;q=0.8", 200, "application/json"),
        ("text/html", 406, "application/problem+json"),
        ("text/csv;q=0", 406, "application/problem+json"),
    ):
        answer = ask(alice, "/billing/customers", accept)
        assert (answer.status_code, answer.headers["content-type"]) == (status, media_type), accept


def test_a_spreadsheet_is_given_no_formula_and_an_import_what_there_is(alice: Caller) -> None:
    names = ["=1+1", "+27 82", "-5", "@sum", "plain"]
    for name in names:
        alice.register_customer(name=name, currency="ZAR", balance=-500, metadata={"=key": name})
    columns = "name,balance,metadata.=key"
    text = ask(alice, "/billing/customers", columns=columns, for_="spreadsheet").content.decode("utf-8-sig")
    safe = ["'=1+1", "'+27 82", "'-5", "'@sum", "plain"]
    assert text.splitlines() == [columns, *(f"{name},-500,{name}" for name in reversed(safe))]
    assert ask(alice, "/billing/customers", for_="spreadsheet").content.startswith(b"\xef\xbb\xbf")
    text = ask(alice, "/billing/customers", columns=columns).text
    assert text.splitlines()[1:] == [f"{name},-500,{name}" for name in reversed(names)]


@pytest.mark.slow
def test_what_is_exported_changes_nothing_where_it_came_from(books: Books, importing: Importing) -> None:
    caller = books.caller
    before = {kind: caller.everything(f"/billing/{kind}") for kind in KINDS}
    sent = {kind: importing.send(books.file(kind), kind=kind).json() for kind in KINDS}
    for kind, one in sent.items():
        job = importing.end(one)
        assert job["rows"]["unchanged"] == job["rows"]["total"] == len(before[kind]), (kind, importing.rows(job))
    assert {kind: caller.everything(f"/billing/{kind}") for kind in KINDS} == before


@pytest.mark.slow
def test_what_is_exported_makes_the_same_elsewhere(
    books: Books, new_merchant: Callable[[], Merchant], importing_as: Callable[[Caller], Importing]
) -> None:
    there = importing_as(new_merchant().caller())
    for kind, made in {"customers": 1, "accounts": 1, "bills": 2}.items():
        # One after the other: several that wait are carried out in whatever order.
        job = there.run(books.file(kind), kind=kind)
        assert (job["rows"]["created"], job["rows"]["rejected"]) == (made, 0), there.rows(job)

    def seen(caller: Caller, kind: str, *members: str) -> list[Any]:
        listed = caller.everything(f"/billing/{kind}")
        return sorted(
            [one.get(member) for member in ("external_reference", *members)]
            for one in listed
            if one.get("status") != "voided"
        )

    owners = ("name", "phone", "currency", "balance", "metadata", "payment_rules")
    for kind, members in (
        ("customers", owners),
        ("accounts", owners),
        ("bills", ("currency", "amount_due", "bill_date", "due_date", "payment_rules")),
    ):
        assert seen(there.caller, kind, *members) == seen(books.caller, kind, *members)
    # What was voided is not owed anywhere.
    assert there.caller.get(f"/billing/bills/{books.voided}").status_code == 404
    # Its payments: the one that was reversed is left out.
    job = there.run(books.file("payments"), kind="payments")
    assert (job["rows"]["created"], job["rows"]["unchanged"], job["rows"]["warned"]) == (2, 1, 1), there.rows(job)
    assert there.caller.get(f"/billing/bills/{books.paid}").json()["status"] == "paid"


def test_strangers_get_nothing_of_it(books: Books, mallory: Caller, merchant: Merchant) -> None:
    for kind in KINDS:
        assert len(books.file(kind).splitlines()) > 1
        assert len(ask(mallory, f"/billing/{kind}").text.splitlines()) == 1
        assert len(ask(merchant.caller("live"), f"/billing/{kind}").text.splitlines()) == 1
        assert ask(merchant.caller(kind="public"), f"/billing/{kind}").status_code == 403
        assert ask(Caller(merchant.base, None), f"/billing/{kind}").status_code == 401
    stranger = ask(mallory, f"/billing/accounts/{books.account}/entries")
    assert stranger.status_code == 404
    assert "metadata.branch" not in ask(mallory, "/billing/customers").text
