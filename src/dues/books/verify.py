"""Verifies the books: every balance equals its entries, every chain is whole, every payment and event has its own.

What is no fault of the books, and waits for somebody who decides, is a notice: it does not make them wrong.

The entries and the objects they belong to are streamed side by side in one order, so memory stays flat however
many there are.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from msgspec import Struct

from dues.books import store
from dues.books.notices.store import NOTICES
from dues.db.snapshot import Snapshot, open_snapshot
from dues.db.transaction import Row
from dues.domain.entries import Entry, Head, is_proven
from dues.domain.tenants import Tenant

EVERY = 1_000
"""How many entries between two reports of progress."""


class Finding(Struct, frozen=True):
    """Something that is wrong: with which object of which tenant, and what."""

    tenant_id: int
    object_id: str
    detail: str


class Notice(Struct, frozen=True):
    """What somebody should look at: which object of which tenant, and why."""

    tenant_id: int
    object_id: str
    detail: str


class Progress(Struct):
    """What was looked at so far."""

    entries: int = 0
    objects: int = 0


async def count_entries(url: str) -> int:
    """How many entries there are to verify."""
    async with open_snapshot(url) as (snapshot, _):
        cells = await _cells(snapshot)
        return sum([row["entries"] for cell in cells for row in await snapshot.rows(store.COUNT_ENTRIES, cell)])


async def verify(url: str, progress: Progress, report: Callable[[Progress], None]) -> AsyncIterator[Finding]:
    """Yields everything that is wrong. Nothing: the books are right."""
    async with open_snapshot(url) as (first, second):
        for cell in await _cells(first):
            entries, owners = first.stream(store.STREAM_ENTRIES, cell), second.stream(store.STREAM_OWNERS, cell)
            async for finding in _verify_balances(entries, owners, progress, report):
                yield finding
            for query in store.FINDINGS:
                for row in await first.rows(query, cell):
                    yield Finding(*row.values())


async def verify_tenant(url: str, tenant: Tenant) -> AsyncIterator[Finding]:
    """Yields everything that is wrong with what one tenant has."""
    async with open_snapshot(url) as (first, second):
        entries = first.stream(store.STREAM_ENTRIES_OF_TENANT, *tenant)
        owners = second.stream(store.STREAM_OWNERS_OF_TENANT, *tenant)
        async for finding in _verify_balances(entries, owners, Progress(), lambda _: None):
            yield finding
        for query in store.FINDINGS_OF_TENANT:
            for row in await first.rows(query, *tenant):
                yield Finding(*row.values())


async def list_notices(url: str) -> list[Notice]:
    """What somebody should look at, at most a thousand of each kind in each cell."""
    async with open_snapshot(url) as (snapshot, _):
        cells = await _cells(snapshot)
        return [
            Notice(*row.values()) for cell in cells for query in NOTICES for row in await snapshot.rows(query, cell)
        ]


async def _cells(snapshot: Snapshot) -> list[int]:
    return [row["cell"] for row in await snapshot.rows(store.LIST_CELLS)]


async def _verify_balances(
    entries: AsyncIterator[Row], owners: AsyncIterator[Row], progress: Progress, report: Callable[[Progress], None]
) -> AsyncIterator[Finding]:
    chain: _Chain | None = None
    owner = await anext(owners, None)
    async for row in entries:
        entry = Entry(*row.values())
        key = entry.tenant_id, entry.owner_id
        if chain is None or chain.key != key:
            # Whoever comes before this entry's owner in the order of both streams is complete.
            while owner and _key(owner) < key:
                for finding in _compare(owner, chain):
                    yield finding
                progress.objects += 1
                owner = await anext(owners, None)
            chain = _Chain(key)
            if owner is None or _key(owner) != key:
                yield Finding(*key, "has entries in the ledger, but does not exist")
        for finding in chain.follow(entry):
            yield finding
        progress.entries += 1
        if progress.entries % EVERY == 0:
            report(progress)
    while owner:
        for finding in _compare(owner, chain):
            yield finding
        progress.objects += 1
        owner = await anext(owners, None)
    report(progress)


def _key(owner: Row) -> tuple[int, str]:
    return owner["tenant_id"], owner["id"]


class _Chain:
    """One balance's entries, followed from the first to the last."""

    def __init__(self, key: tuple[int, str]) -> None:
        self.key = key
        self.head = Head()
        self.last: Entry | None = None

    def follow(self, entry: Entry) -> Iterator[Finding]:
        """Yields what is wrong with the next entry."""
        where = f"entry {entry.number} ({entry.id})"
        if entry.number != self.head.number + 1:
            yield Finding(*self.key, f"entry {self.head.number + 1} is missing before {where}")
        if entry.balance_after != self.head.balance + entry.amount:
            yield Finding(
                *self.key, f"{where} says {entry.balance_after}, but {self.head.balance} {entry.amount:+} does not"
            )
        if entry.created_at < self.head.created_at:
            yield Finding(*self.key, f"{where} is older than the one before it")
        if not is_proven(self.head.hash, entry):
            yield Finding(*self.key, f"{where} was altered, or one before it: its hash does not fit")
        # Go on from what is written, so that one wrong entry is not reported once for each that follows.
        self.head = Head(entry.number, entry.hash, entry.balance_after, entry.created_at)
        self.last = entry


def _compare(owner: Row, chain: _Chain | None) -> Iterator[Finding]:
    """Yields where an object does not say what its entries do. `chain` is the last that was followed."""
    last = chain.last if chain and chain.key == _key(owner) else None
    match owner["noun"]:
        case "bill":
            yield from _compare_bill(owner, last)
        case "payment":
            yield from _compare_total(owner, last, "is held")
        case _:
            yield from _compare_balance(owner, last)


def _compare_balance(owner: Row, last: Entry | None) -> Iterator[Finding]:
    key = _key(owner)
    if owner["balance"] is None:
        if last and last.kind != "closing":
            yield Finding(*key, f"tracks no balance, but its entries come to {last.balance_after} {last.currency}")
    elif last is None:
        yield Finding(*key, f"has a balance of {owner['balance']}, but no entries")
    elif (last.balance_after, last.currency) != (owner["balance"], owner["currency"]) or last.kind == "closing":
        total = f"{last.balance_after} {last.currency}"
        yield Finding(*key, f"has a balance of {owner['balance']} {owner['currency']}, but its entries come to {total}")


def _compare_total(owner: Row, last: Entry | None, what: str) -> Iterator[Finding]:
    """What nobody sets: nothing, where there are no entries."""
    total, currency = (last.balance_after, last.currency) if last else (0, owner["currency"])
    if (total, currency) != (owner["balance"], owner["currency"]):
        says = f"says {owner['balance']} {owner['currency']} {what}"
        yield Finding(*_key(owner), f"{says}, but its entries come to {total} {currency}")


def _compare_bill(bill: Row, last: Entry | None) -> Iterator[Finding]:
    yield from _compare_total(bill, last, "is settled")
    due: Any = bill["amount_due"]
    expected = "paid" if bill["balance"] >= due else "unpaid"
    if bill["status"] != expected and not (bill["status"] == "voided" and bill["amount_paid"] == 0):
        yield Finding(*_key(bill), f"is {bill['status']}, but {bill['balance']} of {due} is settled")
