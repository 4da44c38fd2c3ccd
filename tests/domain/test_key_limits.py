"""What a key may move: at once and in a day, of each currency for itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dues.domain.entries import Cause, Chain, Head
from dues.domain.key_limits import NOTHING, KeyLimits, Moving, Spent, moved, spend
from dues.domain.records import Change
from dues.domain.refusals import Refusal
from tests.domain.owed import account

TODAY = date(2026, 1, 20)
LIMITS = KeyLimits("key_1", max_amount=600, max_per_day=1_000)


def refused(outcome: Spent | Refusal) -> str:
    """The code of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code


def spent(outcome: Spent | Refusal) -> dict[str, int]:
    """What was moved then."""
    assert isinstance(outcome, Spent)
    return dict(outcome.totals)


def test_an_amount_may_be_as_large_as_the_limit_and_no_larger() -> None:
    assert spent(spend(LIMITS, NOTHING, {"ZAR": 600}, TODAY)) == {"ZAR": 600}
    assert refused(spend(LIMITS, NOTHING, {"ZAR": 601}, TODAY)) == "amount_above_key_limit"


def test_a_day_may_come_to_the_limit_and_no_further() -> None:
    before = Spent(TODAY, 7, {"ZAR": 500})
    assert spent(spend(LIMITS, before, {"ZAR": 500}, TODAY)) == {"ZAR": 1_000}
    assert refused(spend(LIMITS, before, {"ZAR": 501}, TODAY)) == "daily_limit_reached"


def test_each_currency_is_counted_for_itself() -> None:
    before = Spent(TODAY, 7, {"ZAR": 1_000})
    assert spent(spend(LIMITS, before, {"JPY": 600}, TODAY)) == {"ZAR": 1_000, "JPY": 600}


def test_a_new_day_begins_with_nothing_and_an_old_one_does_not_come_back() -> None:
    before = Spent(TODAY, 7, {"ZAR": 1_000})
    tomorrow = spend(LIMITS, before, {"ZAR": 600}, TODAY + timedelta(days=1))
    assert tomorrow == Spent(TODAY + timedelta(days=1), 0, {"ZAR": 600})
    # A process whose clock is behind: it is tomorrow already.
    assert refused(spend(LIMITS, tomorrow, {"ZAR": 600}, TODAY)) == "daily_limit_reached"
    assert spend(LIMITS, tomorrow, {"ZAR": 1}, TODAY) == Spent(tomorrow.day, 0, {"ZAR": 601})


@given(st.lists(st.tuples(st.sampled_from(["ZAR", "JPY"]), st.integers(1, 700), st.integers(0, 2)), max_size=40))
def test_no_order_of_requests_passes_a_limit(requests: list[tuple[str, int, int]]) -> None:
    now, taken = NOTHING, dict[tuple[date, str], int]()
    for currency, amount, days in requests:
        today = TODAY + timedelta(days=days)
        outcome = spend(LIMITS, now, {currency: amount}, today)
        if isinstance(outcome, Refusal):
            continue
        assert amount <= 600
        now = outcome
        taken[now.day, currency] = taken.get((now.day, currency), 0) + amount
        assert now.totals[currency] == taken[now.day, currency] <= 1_000


def test_what_says_an_amount_moves_that_whatever_its_sign() -> None:
    change: Change[Any] = Change(None, account(500))
    assert moved(Moving(LIMITS, -300), [change]) == {"ZAR": 300}
    assert moved(Moving(LIMITS, 300, "JPY"), []) == {"JPY": 300}


def test_what_sets_a_balance_moves_what_its_entries_come_to() -> None:
    cause = Cause(1, "req_1", None, datetime(2026, 1, 20, tzinfo=UTC))
    chain = Chain("bacc_1", Head(1, bytes(32), 500), cause)
    chain.track(("ZAR", 500), ("JPY", -40))
    change: Change[Any] = Change(None, account(500), chain.entries)
    assert moved(Moving(LIMITS), [change]) == {"ZAR": 500, "JPY": 40}
    assert moved(Moving(LIMITS), [Change(None, account(500))]) == {}


def test_a_refusal_says_what_it_is_about_in_amounts_that_people_write() -> None:
    above = spend(LIMITS, NOTHING, {"ZAR": 601}, TODAY)
    reached = spend(LIMITS, Spent(TODAY, 7, {"JPY": 500}), {"JPY": 501}, TODAY)
    assert isinstance(above, Refusal)
    assert isinstance(reached, Refusal)
    assert above.detail == "This key may move ZAR 6.00 at once, and this would be ZAR 6.01."
    assert reached.detail.startswith("This key may move JPY 1,000 a day. It has moved JPY 500 since")
