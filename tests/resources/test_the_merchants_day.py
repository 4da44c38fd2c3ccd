"""The merchant's own day, over HTTP: of bills, payments and totals, wherever it is."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.days import beginning_of
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from dues.tenants.store import save_merchant
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import new_bill, pay, refused, reverse
from tests.running import Caller, RunningServer

DAY = timedelta(days=1)

Move = Callable[[str], None]


@pytest.fixture
def move(merchant: Merchant, ask: Ask[Row]) -> Move:
    """Gives the merchant another time zone, before any of its keys was used or to be seen within a second."""

    def to(time_zone: str) -> None:
        async def save(database: Database) -> Row:
            async with database.transaction() as tx:
                saved = await save_merchant(tx, merchant.id, None, time_zone)
                await tx.commit()
                return saved

        ask(save)

    return to


def wait_until(caller: Caller, then: datetime) -> None:
    """Moves the test clock to a time."""
    assert caller.post("/billing/test_clock/advance", {"to": then.isoformat()}).status_code == 200


def day_of(caller: Caller, query: str = "") -> dict[str, Any]:
    """The day and its totals: (payments, reversals) in ZAR."""
    answer = caller.get(f"/billing/daily_totals{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def taken(caller: Caller, day: date, time_zone: str = "") -> tuple[int, int]:
    """What was paid and taken back on a day, in ZAR."""
    query = f"?day={day}" + (f"&time_zone={time_zone}" if time_zone else "")
    totals = day_of(caller, query)["totals"]
    assert len(totals) <= 1
    return (totals[0]["payments_amount"], totals[0]["reversals_amount"]) if totals else (0, 0)


def test_a_days_totals_are_those_of_the_merchants_day(alice: Caller, move: Move) -> None:
    move("Pacific/Tarawa")  # twelve hours east of UTC, all year
    bill, first = new_bill(alice)["id"], datetime.now(UTC).date() + DAY
    evening = datetime(first.year, first.month, first.day, 21, tzinfo=UTC)
    for hours, amount in ((0, 100), (4, 200), (24, 1_000), (28, 2_000)):
        wait_until(alice, evening + timedelta(hours=hours))
        payment = pay(alice, bill=bill, amount=amount).json()
    reverse(alice, payment["id"])

    week = [first + days * DAY for days in range(4)]
    assert [taken(alice, day) for day in week] == [(0, 0), (300, 0), (3_000, 2_000), (0, 0)]
    assert [taken(alice, day, "UTC") for day in week] == [(100, 0), (1_200, 0), (2_000, 2_000), (0, 0)]
    today = day_of(alice)
    assert (today["day"], today["time_zone"]) == (str(week[2]), "Pacific/Tarawa")
    assert day_of(alice, "?time_zone=America/New_York")["day"] == str(week[1])


def test_a_day_on_which_clocks_change_is_an_hour_longer(alice: Caller) -> None:
    zone, day = "America/Los_Angeles", datetime.now(UTC).date()
    while beginning_of(day + DAY, zone) - beginning_of(day, zone) != timedelta(hours=25):
        day += DAY
    bill, begins = new_bill(alice)["id"], beginning_of(day, zone)
    for hours, amount in ((0, 100), (24.9, 200), (25, 400)):
        wait_until(alice, begins + timedelta(hours=hours))
        pay(alice, bill=bill, amount=amount)
    assert [taken(alice, day + days * DAY, zone)[0] for days in (-1, 0, 1)] == [0, 300, 400]


def test_a_day_that_a_zone_skipped_is_empty(alice: Caller) -> None:
    assert day_of(alice, "?day=2011-12-30&time_zone=Pacific/Apia") == {
        "day": "2011-12-30",
        "time_zone": "Pacific/Apia",
        "totals": [],
    }


def test_the_first_day_and_the_last_are_days_everywhere(alice: Caller) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        for day in (date(1970, 1, 1), date(2200, 12, 31)):
            assert taken(alice, day, zone) == (0, 0)


def test_a_zone_that_does_not_exist_is_refused_with_a_hint(alice: Caller) -> None:
    answer = alice.get("/billing/daily_totals?time_zone=Africa/Johanesburg")
    assert refused(answer) == (400, "validation_failed")
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/time_zone", "unknown_time_zone")
    assert "Did you mean Africa/Johannesburg?" in error["detail"]


def test_a_sum_that_not_every_client_could_read_is_refused(alice: Caller) -> None:
    rules = PaymentRules(1, AMOUNT_MAX, underpayment_allowed=True, overpayment_allowed=False)
    owed = {"amount_due": AMOUNT_MAX, "payment_rules": {name: getattr(rules, name) for name in rules.__struct_fields__}}
    bills = [new_bill(alice, **owed)["id"] for _ in range(3)]
    first = pay(alice, bill=bills[0], amount=AMOUNT_MAX).json()
    today = datetime.fromisoformat(first["paid_at"]).date()
    assert taken(alice, today) == (AMOUNT_MAX, 0)

    for bill in bills[1:]:
        assert pay(alice, bill=bill, amount=AMOUNT_MAX).status_code == 201
    answer = alice.get(f"/billing/daily_totals?day={today}")
    assert refused(answer) == (422, "amount_out_of_range")
    assert str(3 * AMOUNT_MAX) in answer.json()["detail"]
    assert "ZAR" in answer.json()["detail"]


def test_a_bill_that_is_entered_late_is_of_the_day_on_which_it_was_due(alice: Caller) -> None:
    last_january = f"{datetime.now(UTC).year - 1}-01-31"
    answer = alice.make_bill(due_date=last_january)
    assert answer.status_code == 201
    assert (answer.json()["bill_date"], answer.json()["due_date"]) == (last_january, last_january)


def test_a_bill_is_of_the_merchants_day_and_may_be_due_on_it(alice: Caller, move: Move) -> None:
    move("America/Los_Angeles")
    evening = beginning_of(datetime.now(UTC).date() + 3 * DAY, "America/Los_Angeles") - timedelta(hours=4)
    there = evening.date() - DAY  # as UTC, four hours before their midnight, has the next day already
    wait_until(alice, evening)
    due = alice.make_bill(due_date=str(there))
    assert (due.status_code, due.json()["bill_date"]) == (201, str(there))
    assert alice.make_bill().json()["bill_date"] == str(there)
    assert alice.make_bill(due_date=str(there + DAY)).json()["bill_date"] == str(there)
    assert day_of(alice)["day"] == str(there)


def test_a_payment_is_of_tomorrow_there_at_the_latest(alice: Caller, move: Move) -> None:
    move("Pacific/Kiritimati")
    bill = new_bill(alice)["id"]
    end = beginning_of(date.fromisoformat(day_of(alice)["day"]) + 2 * DAY, "Pacific/Kiritimati")
    assert pay(alice, bill=bill, paid_at=(end - timedelta(minutes=1)).isoformat()).status_code == 201
    for late in ((end + timedelta(minutes=1)).isoformat(), "2062-01-01T00:00:00Z"):
        for query in ("", "?preview=true"):
            answer = pay(alice, None, query, bill=bill, paid_at=late)
            assert refused(answer) == (400, "validation_failed")
            [error] = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == ("/paid_at", "after_tomorrow")


def test_a_zone_that_this_server_does_not_know_stops_what_needs_a_day_and_nothing_else(
    alice: Caller, mallory: Caller, move: Move
) -> None:
    move("Nowhere/Yet")
    assert alice.make_bill().status_code == alice.get("/billing/daily_totals").status_code == 500
    assert pay(alice, bill=new_bill(alice, bill_date="2026-01-31")["id"]).status_code == 201
    assert day_of(alice, "?time_zone=UTC")["totals"][0]["payments"] == 1
    assert mallory.make_bill().status_code == 201


def test_another_time_zone_is_known_to_every_process_within_a_second(
    alice: Caller, merchant: Merchant, second_server: RunningServer, move: Move
) -> None:
    callers = [alice, merchant.caller("live"), merchant.caller(base=second_server.base)]
    assert [day_of(caller)["time_zone"] for caller in callers] == ["UTC"] * 3
    move("Asia/Tokyo")
    time.sleep(1)
    assert [day_of(caller)["time_zone"] for caller in callers] == ["Asia/Tokyo"] * 3
