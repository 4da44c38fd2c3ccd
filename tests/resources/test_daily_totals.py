"""GET /billing/daily_totals."""

from datetime import UTC, datetime

import pytest

from tests.conftest import Merchant
from tests.resources.payments.paying import PATH, owing, paid
from tests.running import Caller

TOTALS = "/billing/daily_totals"


def test_it_adds_up_a_day_by_currency(alice: Caller) -> None:
    rand, dollars = (
        owing(alice, "account", 10_000)["id"],
        alice.open_account(currency="USD", balance=10_000).json()["id"],
    )
    paid(alice, 100, account=rand)
    back = paid(alice, 250, account=rand)
    paid(alice, 300, account=dollars, currency="USD")
    alice.post(f"{PATH}/{back['id']}/reverse", {"reason": "fraud"})
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    shown = alice.get(TOTALS).json()
    assert shown == {
        "day": today,
        "totals": [
            {
                "currency": currency,
                "payments": payments,
                "payments_amount": amount,
                "reversals": reversals,
                "reversals_amount": taken_back,
                "net_amount": amount - taken_back,
            }
            for currency, payments, amount, reversals, taken_back in (("USD", 1, 300, 0, 0), ("ZAR", 2, 350, 1, 250))
        ],
    }
    assert alice.get(f"{TOTALS}?day={today}").json() == shown
    assert alice.get(f"{TOTALS}?day=2026-01-01").json() == {"day": "2026-01-01", "totals": []}


def test_a_day_is_that_of_recording_whatever_was_said_of_it(alice: Caller) -> None:
    paid(alice, 100, account=owing(alice, "account")["id"], paid_at="2026-01-20T09:15:00Z")
    assert alice.get(f"{TOTALS}?day=2026-01-20").json()["totals"] == []
    assert alice.get(TOTALS).json()["totals"][0]["payments"] == 1


def test_nobody_sees_anothers(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    paid(alice, 100, account=owing(alice, "account")["id"])
    assert mallory.get(TOTALS).json()["totals"] == []
    assert merchant.caller("live").get(TOTALS).json()["totals"] == []
    assert merchant.caller(kind="public").get(TOTALS).status_code == 403


@pytest.mark.parametrize("query", ["day=yesterday", "day=2026-02-30", "day=0001-01-01", "currency=ZAR"])
def test_nonsense_is_refused(query: str, alice: Caller) -> None:
    assert alice.get(f"{TOTALS}?{query}").status_code == 400
