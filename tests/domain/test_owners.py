"""What becomes of an account or a customer: the object, its entries, and the rules that hold for it afterwards."""

from typing import Any

import pytest

from dues.domain.accounts import AccountChanges
from dues.domain.adjustments import NewAdjustment
from dues.domain.customers import CustomerChanges
from dues.domain.entries import Head
from dues.domain.obligations import Owed
from dues.domain.owners import adjust_owner, opening, update_owner
from dues.domain.records import Change
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, account, customer, head_of, rules

ZAR, USD = rules(1), rules(2)

BOTH = pytest.mark.parametrize(
    ("owner", "shape"), [(account(500, ZAR), AccountChanges), (customer(500, ZAR), CustomerChanges)]
)


def updated(owner: Owed, changes: Any) -> Change[Any]:
    """What becomes of it, which must not be refused; the merchant has rules for USD, if it is asked for them."""
    outcome = update_owner(owner, changes, USD, CAUSE)
    assert isinstance(outcome, Change), outcome
    return outcome


@BOTH
def test_the_default_rules_are_those_of_the_new_currency(owner: Owed, shape: Any) -> None:
    assert updated(owner, shape(currency="USD", balance=7)).after.default_rules == USD
    assert updated(owner, shape(currency="ZAR", balance=7)).after.default_rules == ZAR
    assert updated(owner, shape(name="J")).after.default_rules == ZAR


@BOTH
def test_what_is_not_sent_stays_and_null_clears(owner: Owed, shape: Any) -> None:
    named = updated(owner, shape(name="J", metadata={"a": "1"})).after
    assert (named.of.name, named.of.balance, named.of.metadata) == ("J", 500, {"a": "1"})
    assert updated(named, shape()) == Change(named, named, [])
    cleared = updated(named, shape(name=None, metadata=None, balance=None)).after.of
    assert (cleared.name, cleared.metadata, cleared.balance, cleared.currency) == (None, None, None, "ZAR")


@BOTH
def test_a_change_goes_on_where_the_ledger_ended_and_says_where_it_ends_now(owner: Owed, shape: Any) -> None:
    first = updated(owner, shape(balance=700))
    second = adjust_owner(first.after, NewAdjustment(amount=-50, reason="why"), None, CAUSE)
    assert isinstance(second, Change)
    numbers = [(entry.number, entry.amount, entry.balance_after) for entry in (*first.entries, *second.entries)]
    assert numbers == [(2, 200, 700), (3, -50, 650)]
    assert (second.before, second.after.head) == (first.after, head_of(second.entries))


@BOTH
def test_what_is_refused_is_said_by_name(owner: Owed, shape: Any) -> None:
    refusal = update_owner(owner, shape(currency="USD"), USD, CAUSE)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "currency_mismatch"


def test_only_a_balance_that_is_tracked_is_opened() -> None:
    assert opening(account(None).of, CAUSE) == ()
    for balance in (0, -5, 700):
        entries = opening(account(balance).of, CAUSE)
        [entry] = entries
        assert (entry.kind, entry.number, entry.amount, entry.balance_after) == ("opening", 1, balance, balance)
        assert head_of(entries) != Head()
