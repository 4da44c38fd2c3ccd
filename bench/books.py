"""Books as dues writes them: accounts whose chains of entries are whole, in numbers, by COPY."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from msgspec import structs

from bench.ground import run
from bench.tenants import Tenant, tenant_of
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.ids import new_id

ENTRIES_OF_AN_ACCOUNT = 10
ACCOUNTS_AT_ONCE = 2_000

CURRENCY, OPENING, FEE = "ZAR", 2_000, 100

CUSTOMER_COLUMNS = ("id", "external_reference", "name", "created_at")
ACCOUNT_COLUMNS = (*CUSTOMER_COLUMNS, "currency", "balance", "customer_id")
ENTRY_COLUMNS = tuple(name for name in Entry.__struct_fields__ if name not in ("cell", "tenant_id"))
EVENT_COLUMNS = ("id", "type", "object_id", "data", "created_at", "sequence")


@dataclass
class _Rows:
    """Rows to be copied, table by table, in the order of the columns above."""

    customers: list[tuple[Any, ...]] = field(default_factory=list)
    accounts: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)


async def fill(
    url: str, key: str, first: int, last: int, tell: Callable[[int], None], each: int = ENTRIES_OF_AN_ACCOUNT
) -> None:
    """Puts the entries `first` to `last` (counted from 0, `last` not among them) into the ledger of `key`'s tenant.

    They come with their accounts, one for each ten (`each`), each of its own customer, and with the events of both.
    `tell` is called with the number of entries done so far.
    """
    connection = await asyncpg.connect(url)
    try:
        # Foreign keys are not checked meanwhile: they hold by construction.
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        tenant = await tenant_of(connection, key)
        step = each * ACCOUNTS_AT_ONCE
        for begin in range(first, last, step):
            end = min(begin + step, last)
            await _copy(connection, tenant, _rows(tenant, begin, end, each))
            tell(end)
    finally:
        await connection.close()
    await run(url, "vacuum analyze", "checkpoint")


def _rows(tenant: Tenant, first: int, last: int, each: int) -> _Rows:
    rows = _Rows()
    opened_at = datetime.now(UTC) - timedelta(days=1)
    for begin in range(first, last, each):
        reference = f"BOOKS-{begin:010}"
        customer, account = new_id("bcus_", opened_at), new_id("bacc_", opened_at)
        entries = _chain(tenant, account, min(each, last - begin), opened_at)
        named = (reference, "Jane Doe", opened_at)
        rows.customers.append((customer, *named))
        rows.accounts.append((account, *named, CURRENCY, entries[-1].balance_after, customer))
        rows.entries += [tuple(getattr(entry, name) for name in ENTRY_COLUMNS) for entry in entries]
        told = {"external_reference": reference, "name": "Jane Doe"}
        rows.events += [
            _event("customer.created", customer, told, opened_at),
            _event(
                "account.created",
                account,
                told | {"customer_id": customer, "currency": CURRENCY, "balance": OPENING},
                opened_at,
            ),
        ]
    return rows


def _chain(tenant: Tenant, owner_id: str, count: int, opened_at: datetime) -> list[Entry]:
    """The entries of one account: its opening, and a fee a minute, each of a request of its own."""
    entries: list[Entry] = []
    head = Head()
    for number in range(count):
        now = opened_at + timedelta(minutes=number)
        request_id = new_id("req_", now)
        chain = Chain(owner_id, head, Cause(tenant.id, request_id, f"key-of-{request_id}", now))
        if number:
            chain.add("adjustment", CURRENCY, FEE, "Late fee")
        else:
            chain.add("opening", CURRENCY, OPENING)
        entries += chain.entries
        last = entries[-1]
        head = structs.replace(
            head, number=last.number, hash=last.hash, balance=last.balance_after, created_at=last.created_at
        )
    return entries


def _event(event_type: str, object_id: str, told: Mapping[str, object], now: datetime) -> tuple[Any, ...]:
    data = msgspec.json.encode({"id": object_id, **told}).decode()
    return new_id("evt_", now), event_type, object_id, data, now, 1


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", tenant: Tenant, rows: _Rows) -> None:
    for table, records, columns in (
        ("customers", rows.customers, CUSTOMER_COLUMNS),
        ("accounts", rows.accounts, ACCOUNT_COLUMNS),
        ("entries", rows.entries, ENTRY_COLUMNS),
        ("events", rows.events, EVENT_COLUMNS),
    ):
        await connection.copy_records_to_table(
            table,
            records=[(*tenant.numbers, *record) for record in records],
            columns=(*tenant.names, *columns),
            timeout=600,
        )
