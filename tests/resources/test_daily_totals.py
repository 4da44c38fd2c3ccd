"""GET /billing/daily_totals, over HTTP."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as dtime
from typing import Any

import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from dues.tenants.keys import NewKey
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import Collector, new_bill, new_collector, pay, refused, reverse
from tests.running import Caller

PATH = "/billing/daily_totals"


@pytest.fixture
def till(ask: Ask[NewKey], merchant: Merchant) -> Collector:
    """A collector of the merchant."""
    return new_collector(ask, merchant)


@pytest.fixture
def today() -> date:
    """The day in UTC, of which enough is left for a test."""
    now = datetime.now(UTC)
    if (left := datetime.combine(now.date() + timedelta(days=1), dtime(), UTC) - now) < timedelta(seconds=20):
        time.sleep(left.total_seconds() + 0.1)
    return datetime.now(UTC).date()


def totals(caller: Caller, **parameters: str) -> list[dict[str, Any]]:
    """The totals of a day, by currency."""
    answer = caller.http.get(PATH, params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["totals"]
    return found


def of(currency: str, payments: tuple[int, int], reversals: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """The totals in one currency, of (how many, how much)."""
    return {
        "currency": currency,
        "payments": payments[0],
        "payments_amount": payments[1],
        "reversals": reversals[0],
        "reversals_amount": reversals[1],
        "net_amount": payments[1] - reversals[1],
    }


def test_a_day_without_payments_has_no_totals(alice: Caller, today: date) -> None:
    answer = alice.get(PATH)
    assert (answer.status_code, answer.json()) == (200, {"day": str(today), "time_zone": "UTC", "totals": []})


def test_payments_and_reversals_are_added_up_by_currency(alice: Caller, today: date) -> None:
    bill, dollars = new_bill(alice), new_bill(alice, currency="USD")
    paid = [pay(alice, bill=bill["id"], amount=amount).json() for amount in (1_000, 2_500)]
    pay(alice, bill=dollars["id"], currency="USD", amount=700, paid_at="2026-01-20T09:15:00Z")
    refused_one = pay(alice, bill=bill["id"], amount=200_000)
    assert refused_one.status_code == 422
    reverse(alice, paid[0]["id"])

    expected = [of("USD", (1, 700)), of("ZAR", (2, 3_500), (1, 1_000))]
    assert totals(alice) == totals(alice, day=str(today)) == expected
    assert totals(alice, day="2026-01-20") == [], "whatever paid_at says"
    for days in (-1, 1):
        assert totals(alice, day=str(today + timedelta(days=days))) == []


def test_a_reversal_counts_on_its_own_day(alice: Caller, today: date, ask: Ask[list[Row]]) -> None:
    payment = pay(alice, bill=new_bill(alice)["id"]).json()
    reverse(alice, payment["id"])

    async def a_day_later(database: Database) -> list[Row]:
        return await database.rows(
            "update payments set reversed_at = reversed_at + interval '1 day' where id = $1", payment["id"]
        )

    ask(a_day_later)
    assert totals(alice) == [of("ZAR", (1, 1_000))]
    assert totals(alice, day=str(today + timedelta(days=1))) == [of("ZAR", (0, 0), (1, 1_000))]


def test_a_collector_sees_its_own_and_the_merchant_sees_all_or_one(
    alice: Caller, till: Collector, today: date, ask: Ask[NewKey], merchant: Merchant
) -> None:
    bill, other = new_bill(alice), new_collector(ask, merchant)
    own = pay(till.caller, bill=bill["id"], amount=500).json()
    pay(other.caller, bill=bill["id"], amount=300)
    pay(alice, bill=bill["id"], amount=200)
    reverse(alice, own["id"])

    mine = [of("ZAR", (1, 500), (1, 500))]
    seen = {"day": str(today), "time_zone": "UTC", "collector_id": till.id, "totals": mine}
    assert till.caller.get(PATH).json() == seen
    assert till.caller.get(f"{PATH}?collector={other.id}").json()["totals"] == mine, "whoever it asks about"
    assert totals(alice) == [of("ZAR", (3, 1_000), (1, 500))]
    assert alice.get(f"{PATH}?collector={till.id}").json() == till.caller.get(PATH).json()
    assert totals(alice, collector=other.id) == [of("ZAR", (1, 300))]
    assert totals(alice, collector="key_nobody") == []


def test_strangers_see_nothing_of_it(
    alice: Caller, mallory: Caller, till: Collector, today: date, merchant: Merchant
) -> None:
    pay(till.caller, bill=new_bill(alice)["id"])
    for stranger in (mallory, merchant.caller("live")):
        assert totals(stranger) == totals(stranger, day=str(today), collector=till.id) == []
    assert refused(merchant.caller(kind="public").get(PATH)) == (403, "secret_key_required")
    assert refused(Caller(merchant.base, None).get(PATH)) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("day=2026-02-30", "/day"),
        ("day=20260131", "/day"),
        ("day=2026-W05-6", "/day"),
        ("day=1969-12-31", "/day"),
        ("day=2201-01-01", "/day"),
        ("time_zone=", "/time_zone"),
        ("time_zone=localtime", "/time_zone"),
        ("time_zone=../../etc/passwd", "/time_zone"),
        ("time_zone=Europe%2FParis%00", ""),
        ("day=", "/day"),
        ("date=2026-01-31", "/date"),
    ],
)
def test_what_is_no_day_is_refused(alice: Caller, query: str, pointer: str) -> None:
    answer = alice.get(f"{PATH}?{query}")
    assert refused(answer) == (400, "validation_failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
