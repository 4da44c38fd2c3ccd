"""What becomes of a balance: replaced, cleared, counted in another currency, or changed by an amount."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from dues.domain.balances import Balance, adjust_balance, change_balance, needs_currency, refuse_unsafe
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.money import AMOUNT_MAX
from dues.domain.refusals import Refusal

NOW = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)

NONE = Balance(None, None)
ZAR = Balance("ZAR", None)
OWES = Balance("ZAR", 500)
FULL = Balance("ZAR", AMOUNT_MAX)

amounts = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
edges = st.sampled_from([0, 1, -1, AMOUNT_MAX, -AMOUNT_MAX, AMOUNT_MAX + 1, -AMOUNT_MAX - 1]) | amounts
currencies = st.sampled_from(["ZAR", "JPY"])
balances = st.builds(Balance, currencies, st.none() | amounts) | st.just(NONE)


def chain_for(old: Balance) -> Chain:
    """A chain that has come to this balance."""
    return Chain("bacc_1", Head(1, bytes(32), old.amount or 0, NOW), Cause(1, "req_1", None, NOW))


def told(entries: list[Entry]) -> list[tuple[str, str, int]]:
    """(kind, currency, amount) of each entry."""
    return [(entry.kind, entry.currency, entry.amount) for entry in entries]


@pytest.mark.parametrize(
    ("old", "currency", "amount", "new", "entries"),
    [
        (OWES, UNSET, UNSET, OWES, []),
        (OWES, UNSET, 500, OWES, []),
        (OWES, "ZAR", UNSET, OWES, []),
        (OWES, UNSET, 700, Balance("ZAR", 700), [("adjustment", "ZAR", 200)]),
        (OWES, "ZAR", -100, Balance("ZAR", -100), [("adjustment", "ZAR", -600)]),
        (OWES, UNSET, None, ZAR, [("closing", "ZAR", -500)]),
        (OWES, None, None, NONE, [("closing", "ZAR", -500)]),
        (OWES, "JPY", None, Balance("JPY", None), [("closing", "ZAR", -500)]),
        (OWES, "JPY", 9, Balance("JPY", 9), [("closing", "ZAR", -500), ("opening", "JPY", 9)]),
        (OWES, "JPY", 500, Balance("JPY", 500), [("closing", "ZAR", -500), ("opening", "JPY", 500)]),
        (ZAR, UNSET, 9, Balance("ZAR", 9), [("opening", "ZAR", 9)]),
        (ZAR, UNSET, 0, Balance("ZAR", 0), [("opening", "ZAR", 0)]),
        (ZAR, "JPY", UNSET, Balance("JPY", None), []),
        (ZAR, None, UNSET, NONE, []),
        (NONE, "JPY", 9, Balance("JPY", 9), [("opening", "JPY", 9)]),
        (NONE, UNSET, None, NONE, []),
        (
            FULL,
            "JPY",
            -AMOUNT_MAX,
            Balance("JPY", -AMOUNT_MAX),
            [("closing", "ZAR", -AMOUNT_MAX), ("opening", "JPY", -AMOUNT_MAX)],
        ),
    ],
)
def test_a_balance_becomes_what_is_sent_and_the_ledger_says_how(
    old: Balance,
    currency: str | UnsetType | None,
    amount: int | UnsetType | None,
    new: Balance,
    entries: list[tuple[str, str, int]],
) -> None:
    chain = chain_for(old)
    assert change_balance(old, currency, amount, chain) == new
    assert told(chain.entries) == entries


@pytest.mark.parametrize(
    ("old", "currency", "amount", "code", "pointer"),
    [
        (NONE, UNSET, 5, "validation_failed", "/currency"),
        (ZAR, None, 5, "validation_failed", "/currency"),
        (OWES, None, UNSET, "validation_failed", "/currency"),
        (OWES, None, 5, "validation_failed", "/currency"),
        (OWES, "JPY", UNSET, "currency_mismatch", "/currency"),
        (OWES, UNSET, AMOUNT_MAX + 1, "amount_out_of_range", "/balance"),
        (ZAR, UNSET, -AMOUNT_MAX - 1, "amount_out_of_range", "/balance"),
        (FULL, UNSET, -1, "amount_out_of_range", "/balance"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    old: Balance, currency: str | UnsetType | None, amount: int | UnsetType | None, code: str, pointer: str
) -> None:
    chain = chain_for(old)
    outcome = change_balance(old, currency, amount, chain)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.pointer, chain.entries) == (code, pointer, [])


@given(balances, st.just(UNSET) | st.none() | currencies, st.just(UNSET) | st.none() | edges)
def test_after_any_change_the_entries_add_up_to_the_balance(
    old: Balance, currency: str | UnsetType | None, amount: int | UnsetType | None
) -> None:
    chain = chain_for(old)
    new = change_balance(old, currency, amount, chain)
    if isinstance(new, Refusal):
        assert chain.entries == []
        return
    assert (old.amount or 0) + sum(entry.amount for entry in chain.entries) == (new.amount or 0)
    assert (chain.entries == []) == (new.tracked == old.tracked)
    assert all(abs(entry.amount) <= AMOUNT_MAX and abs(entry.balance_after) <= AMOUNT_MAX for entry in chain.entries)
    assert new.currency is not None or new.amount is None
    assert change_balance(new, new.currency, new.amount, chain_for(new)) == new


@given(balances, edges)
def test_an_adjustment_adds_or_is_refused_by_name(old: Balance, amount: int) -> None:
    chain = chain_for(old)
    outcome = adjust_balance(old, amount, "why", chain)
    if old.amount is None:
        assert isinstance(outcome, Refusal)
        assert outcome.code == "balance_not_tracked"
    elif abs(amount) > AMOUNT_MAX or abs(old.amount + amount) > AMOUNT_MAX:
        assert isinstance(outcome, Refusal)
        assert (outcome.code, outcome.pointer) == ("amount_out_of_range", "/amount")
    else:
        assert outcome == Balance(old.currency, old.amount + amount)
        assert [(*one, entry.reason) for one, entry in zip(told(chain.entries), chain.entries, strict=True)] == [
            ("adjustment", old.currency, amount, "why")
        ]
    assert isinstance(outcome, Balance) or chain.entries == []


@given(st.lists(st.none() | edges))
def test_one_unsafe_amount_among_many_is_found(amounts: list[int | None]) -> None:
    refusal = refuse_unsafe(amounts, "/balance")
    unsafe = [amount for amount in amounts if amount is not None and abs(amount) > AMOUNT_MAX]
    assert bool(refusal) == bool(unsafe)
    if refusal:
        assert f"{unsafe[0]:,}" in refusal.detail


@pytest.mark.parametrize(
    ("balance", "currency", "needed"), [(1, None, 1), (0, None, 1), (None, None, 0), (1, "ZAR", 0)]
)
def test_a_balance_needs_its_currency(balance: int | None, currency: str | None, needed: int) -> None:
    assert [one.pointer for one in needs_currency(balance, currency)] == ["/currency"] * needed
