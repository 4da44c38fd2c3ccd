"""Books as dues writes them: accounts whose chains of entries are whole, in numbers, by COPY."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from msgspec import structs

from bench.ground import run, tenant_of
from dues.domain.accounts import Account, NewAccount, OpenedAccount, Surroundings, open_account
from dues.domain.adjustments import NewAdjustment, adjust
from dues.domain.customers import NewCustomer
from dues.domain.entries import Cause, Entry, Head
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal
from dues.events.catalogue import EventType
from dues.resources.accounts.wire import account_json
from dues.resources.customers.wire import customer_json

ENTRIES_OF_AN_ACCOUNT = 10
ACCOUNTS_AT_ONCE = 2_000

OBJECT_COLUMNS = ("tenant_id", "id", "external_reference", "name", "currency", "balance", "created_at")
EVENT_COLUMNS = ("tenant_id", "id", "type", "object_id", "data", "created_at", "sequence")


@dataclass
class _Rows:
    """Rows to be copied, table by table, in the order of the columns above."""

    customers: list[tuple[Any, ...]] = field(default_factory=list)
    accounts: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)


async def fill(url: str, key: str, first: int, last: int, tell: Callable[[int], None]) -> None:
    """Puts the entries `first` to `last` (counted from 0, `last` not among them) into the ledger of `key`'s tenant.

    They come with their accounts, one for each ten, every one of a customer of its own, and with the events of both.
    `tell` is called with the number of entries done so far.
    """
    connection = await asyncpg.connect(url)
    try:
        # Foreign keys are not checked meanwhile: they hold by construction.
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        tenant_id = await tenant_of(connection, key)
        step = ENTRIES_OF_AN_ACCOUNT * ACCOUNTS_AT_ONCE
        for begin in range(first, last, step):
            end = min(begin + step, last)
            await _copy(connection, _rows(tenant_id, begin, end))
            tell(end)
    finally:
        await connection.close()
    await run(url, "vacuum analyze", "checkpoint")


def _rows(tenant_id: int, first: int, last: int) -> _Rows:
    rows = _Rows()
    for begin in range(first, last, ENTRIES_OF_AN_ACCOUNT):
        opened_at = datetime.now(UTC) - timedelta(days=1)
        opened = _opened(tenant_id, begin, opened_at)
        account, entries = opened.account, opened.entries
        for number in range(1, min(ENTRIES_OF_AN_ACCOUNT, last - begin)):
            cause = _cause(tenant_id, opened_at + timedelta(minutes=number))
            account, entry = _adjusted(account, entries[-1], cause)
            entries.append(entry)
        customer = opened.new_customer
        assert customer is not None
        rows.customers.append(_object(tenant_id, customer, opened_at))
        rows.accounts.append((*_object(tenant_id, account, opened_at), customer.id))
        rows.entries += [structs.astuple(entry) for entry in entries]
        rows.events += [
            _event(tenant_id, "customer.created", customer.id, customer_json(customer, None), opened_at),
            _event(tenant_id, "account.created", account.id, account_json(opened.account, None), opened_at),
        ]
    return rows


def _opened(tenant_id: int, number: int, now: datetime) -> OpenedAccount:
    reference = f"BOOKS-{number:010}"
    asked = NewAccount(
        customer=NewCustomer(external_reference=reference, name="Jane Doe"),
        external_reference=reference,
        name="Jane Doe",
        currency="ZAR",
        balance=2_000,
    )
    opened = open_account(asked, Surroundings(None, account_reference_taken=False), _cause(tenant_id, now))
    assert not isinstance(opened, Refusal)
    return opened


def _adjusted(account: Account, last: Entry, cause: Cause) -> tuple[Account, Entry]:
    head = Head(last.number, last.hash, last.balance_after, last.created_at)
    adjusted = adjust(account, NewAdjustment(amount=100, reason="Late fee"), head, cause)
    assert not isinstance(adjusted, Refusal)
    account, [entry] = adjusted
    return account, entry


def _cause(tenant_id: int, now: datetime) -> Cause:
    request_id = new_id("req_", now)
    return Cause(tenant_id, request_id, f"key-of-{request_id}", now)


def _object(tenant_id: int, one: Any, now: datetime) -> tuple[Any, ...]:
    return tenant_id, one.id, one.external_reference, one.name, one.currency, one.balance, now


def _event(tenant_id: int, event_type: EventType, object_id: str, shown: bytes, now: datetime) -> tuple[Any, ...]:
    return tenant_id, new_id("evt_", now), event_type, object_id, shown.decode(), now, 1


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", rows: _Rows) -> None:
    for table, records, columns in (
        ("customers", rows.customers, OBJECT_COLUMNS),
        ("accounts", rows.accounts, (*OBJECT_COLUMNS, "customer_id")),
        ("entries", rows.entries, Entry.__struct_fields__),
        ("events", rows.events, EVENT_COLUMNS),
    ):
        await connection.copy_records_to_table(table, records=records, columns=columns, timeout=600)
