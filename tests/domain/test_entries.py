"""The chain of entries: whoever recomputes it finds what was altered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dues.domain.entries import Cause, Chain, Entry, Head, chain_hash, is_proven, texts_digest
from dues.domain.money import AMOUNT_MAX

START = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)

balances = st.none() | st.tuples(st.sampled_from(["ZAR", "JPY"]), st.integers(-AMOUNT_MAX, AMOUNT_MAX))
moments = st.integers(-1000, 1000).map(lambda milliseconds: START + timedelta(milliseconds=milliseconds))
steps = st.lists(st.tuples(balances, moments, st.none() | st.text(max_size=3)), max_size=8)


def written(path: list[tuple[tuple[str, int] | None, datetime, str | None]], old: int = 0) -> list[Entry]:
    """The chain of a balance that took this path, each step of it by another request; `old` entries of version 1."""
    entries: list[Entry] = []
    before: tuple[str, int] | None = None
    for number, (after, now, reason) in enumerate(path):
        key = None if number % 2 else f"key-{number}"
        chain = Chain("bacc_1", head_of(entries), Cause(7, f"req_{number}", key, now, actor="key_1"))
        chain.track(before, after, reason)
        entries += chain.entries
        before = after
    return rewritten(entries, old)


def rewritten(entries: list[Entry], old: int) -> list[Entry]:
    """The same chain, of which the first `old` entries are of version 1."""
    done: list[Entry] = []
    for entry in entries:
        if entry.number <= old:
            nothing: dict[str, Any] = dict.fromkeys(("actor", "external_reference", "salt"))
            entry = structs.replace(entry, version=1, **nothing)
        done.append(structs.replace(entry, hash=chain_hash(done[-1].hash if done else bytes(32), entry)))
    return done


def erased(entry: Entry) -> Entry:
    """An entry without its texts: what is kept in their place is all that is left of them."""
    return structs.replace(
        entry, reason=None, idempotency_key=None, external_reference=None, salt=None, digest=texts_digest(entry)
    )


def head_of(entries: list[Entry]) -> Head:
    """Where a chain ends."""
    if not entries:
        return Head()
    last = entries[-1]
    return Head(last.number, last.hash, last.balance_after, last.created_at)


def holds(entries: list[Entry]) -> bool:
    """Whether every hash is that of its entry and of all before it."""
    previous = bytes(32)
    for entry in entries:
        if not is_proven(previous, entry):
            return False
        previous = entry.hash
    return True


@given(steps)
def test_each_balance_is_the_sum_of_all_amounts_so_far(path: list[Any]) -> None:
    total = 0
    for number, entry in enumerate(written(path), start=1):
        total += entry.amount
        assert (entry.number, entry.balance_after) == (number, total)


@given(steps)
def test_it_ends_at_the_balance_that_the_path_ends_at(path: list[Any]) -> None:
    entries = written(path)
    last = path[-1][0] if path else None
    assert sum(entry.amount for entry in entries) == (last[1] if last else 0)
    if entries and last:
        assert (entries[-1].currency, entries[-1].balance_after) == last
    if entries and not last:
        assert (entries[-1].kind, entries[-1].balance_after) == ("closing", 0)


@given(steps)
def test_a_change_of_currency_closes_one_balance_and_opens_another(path: list[Any]) -> None:
    currency = None
    for entry in written(path):
        assert (entry.kind == "opening") == (currency is None)
        assert currency in (None, entry.currency)
        currency = None if entry.kind == "closing" else entry.currency


@given(steps)
def test_time_never_goes_back_whatever_the_clocks_say(path: list[Any]) -> None:
    entries = written(path)
    times = [entry.created_at for entry in entries]
    assert times == sorted(times)
    assert set(times) <= {now for _, now, _ in path}
    assert len({entry.id for entry in entries}) == len(entries)


@given(steps, st.integers(0, 8))
def test_a_chain_that_nobody_touched_holds_whichever_of_it_is_of_version_1(path: list[Any], old: int) -> None:
    assert holds(written(path, old))


OTHER: dict[str, Any] = {
    "tenant_id": 8,
    "owner_id": "bacc_2",
    "number": 9,
    "id": "ent_2",
    "kind": "closing",
    "currency": "USD",
    "amount": 12,
    "balance_after": 13,
    "reason": "another",
    "request_id": "req_other",
    "idempotency_key": "other",
    "payment_id": "pay_1",
    "created_at": START + timedelta(microseconds=1),
    "hash": bytes(32),
    "actor": "key_2",
    "external_reference": "FEE-2",
    "salt": bytes(16),
    "version": 3,
    "digest": bytes(32),
}

NULLABLE = {"reason", "idempotency_key", "payment_id", "actor", "external_reference", "salt", "digest"}

CHAIN = written([(("ZAR", number * 100), START, None) for number in range(1, 5)], old=2)
"""Two entries of version 1, and two of version 2 behind them."""


def test_every_field_of_an_entry_is_tried() -> None:
    assert OTHER.keys() == {field.name for field in structs.fields(Entry)}


@pytest.mark.parametrize("field", OTHER)
@pytest.mark.parametrize("position", range(4))
def test_an_entry_that_was_altered_breaks_it(field: str, position: int) -> None:
    altered = [*CHAIN]
    altered[position] = structs.replace(altered[position], **{field: OTHER[field]})
    assert altered[position] != CHAIN[position]
    assert not holds(altered)
    if field not in ("salt", "version") and position > 1:
        altered[position] = structs.replace(erased(CHAIN[position]), **{field: OTHER[field]})
        assert not holds(altered)


@given(steps, st.sets(st.integers(1, 16)), st.data())
def test_texts_that_were_erased_leave_the_chain_proven_and_nothing_else_may_change(
    path: list[Any], forgotten: set[int], data: st.DataObject
) -> None:
    chain = [erased(entry) if entry.number in forgotten else entry for entry in written(path)]
    assert holds(chain)
    if not chain:
        return
    position = data.draw(st.integers(0, len(chain) - 1))
    field = data.draw(st.sampled_from(sorted(OTHER)))
    others = [OTHER[field], None] if field in NULLABLE else [OTHER[field]]
    altered = structs.replace(chain[position], **{field: data.draw(st.sampled_from(others))})
    if altered != chain[position]:
        assert not holds([*chain[:position], altered, *chain[position + 1 :]])


def test_a_text_cannot_be_found_by_trying_once_it_is_erased() -> None:
    one, same = (written([(("ZAR", 1), START, "Jane")])[0] for _ in range(2))
    assert texts_digest(one) != texts_digest(same)
    assert b"Jane" not in repr(erased(one)).encode()


def test_an_entry_of_version_2_cannot_pass_for_one_of_version_1() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("actor", "external_reference", "salt"))
    assert not holds([*CHAIN[:2], structs.replace(CHAIN[2], version=1, **nothing), CHAIN[3]])


@pytest.mark.parametrize("position", range(3))
def test_so_does_one_that_was_altered_with_a_hash_that_fits(position: int) -> None:
    altered = [*CHAIN]
    previous = CHAIN[position - 1].hash if position else bytes(32)
    one = structs.replace(altered[position], amount=12)
    altered[position] = structs.replace(one, hash=chain_hash(previous, one))
    assert not holds(altered)


@pytest.mark.parametrize("position", range(3))
def test_so_does_one_that_is_gone_or_has_changed_places(position: int) -> None:
    assert not holds(CHAIN[:position] + CHAIN[position + 1 :])
    swapped = [*CHAIN]
    swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
    assert not holds(swapped)


def test_a_reason_cannot_pass_for_another_field() -> None:
    one = structs.replace(CHAIN[0], reason="a", request_id="b")
    other = structs.replace(CHAIN[0], reason='a","b', request_id="")
    assert chain_hash(bytes(32), one) != chain_hash(bytes(32), other)
