"""The database before anything is measured: whose it is, how durable, and what is in it."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import asyncpg

from dues.metadata.store import pair_of

CUSTOMERS = 1_000
CUSTOMER_PREFIX = "bcus_0Bench00"
CUSTOMER_FIRST = 1_000_000_000_000
"""A customer's id is the prefix and a number of thirteen digits, so that pgbench can choose one by arithmetic."""

METADATA_PAIRS = tuple(
    sorted(pair_of(*pair).hex() for pair in (("account_type", "subscription"), ("billing_cycle", "monthly")))
)
"""What metadata_pairs holds, in hexadecimal, of the metadata that every account of the bench has."""

KEYS_OF_A_DAY_MAX = 1_000_000
"""Idempotency keys live for a day: however old the accounts are, no more than these are still there."""

FILL_STEP = 250_000


class NotDurableError(Exception):
    """PostgreSQL would answer before the disk has it, so nothing here would mean anything."""


@dataclass(frozen=True)
class Ground:
    """A prepared database: where it is, what runs it, and whose data is in it."""

    url: str
    tenant_id: int
    customers: list[str]
    settings: dict[str, str]


async def prepare(url: str, key: str) -> Ground:
    """Makes sure of durability and creates the customers of `key`'s tenant."""
    connection = await asyncpg.connect(url)
    try:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
        settings = {name: str(await connection.fetchval(f"show {name}")) for name in names}
        if "off" in (settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"]):
            raise NotDurableError(f"PostgreSQL is not durable: {settings}")
        tenant_id = await tenant_of(connection, key)
        await connection.execute(_CUSTOMERS, tenant_id, CUSTOMER_PREFIX, CUSTOMER_FIRST, CUSTOMERS)
        customers = [f"{CUSTOMER_PREFIX}{CUSTOMER_FIRST + number}" for number in range(CUSTOMERS)]
        return Ground(url, tenant_id, customers, settings)
    finally:
        await connection.close()


async def tenant_of(connection: "asyncpg.Connection[asyncpg.Record]", key: str) -> int:
    """Whose key it is."""
    digest = sha256(key.encode()).digest()
    return int(await connection.fetchval("select tenant_id from api_keys where sha256 = $1", digest))


async def analyze(ground: Ground) -> None:
    """Tells the planner what is in the tables; without it, plans of a minute ago scan tables that have grown."""
    await run(ground.url, "vacuum analyze", "checkpoint")


async def some_accounts(ground: Ground, run: str, count: int) -> list[str]:
    """The ids of `count` accounts whose reference begins with `run`."""
    connection = await asyncpg.connect(ground.url)
    try:
        rows = await connection.fetch(_SOME_ACCOUNTS, ground.tenant_id, run, count)
        return [str(row["id"]) for row in rows]
    finally:
        await connection.close()


async def account_at(ground: Ground, place: int, customer: str | None) -> str | None:
    """The id of the account at `place` (1, 2, 3 …), newest first, of all or of one customer's (id)."""
    connection = await asyncpg.connect(ground.url)
    try:
        found: str | None = await connection.fetchval(_ACCOUNT_AT, ground.tenant_id, place, customer)
        return found
    finally:
        await connection.close()


def filled_account(number: int) -> tuple[str, str]:
    """Id and reference of an account that `fill` has put there, counted from 0."""
    return f"bacc_0A000000{number:013}", f"OLD-{number:010}"


async def fill(ground: Ground, accounts: int, tell: Callable[[int], None]) -> None:
    """Puts `accounts` accounts with their entries, events and a day's keys into the tables.

    `tell` is called with the number done so far. Foreign keys are not checked meanwhile: they hold by construction.
    """
    connection = await asyncpg.connect(ground.url)
    try:
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        for first in range(0, accounts, FILL_STEP):
            last = min(first + FILL_STEP, accounts) - 1
            for statement in (_ACCOUNTS, _ENTRIES, _PAIRS, _EVENTS):
                await connection.execute(statement, ground.tenant_id, first, last, timeout=600)
            if last < KEYS_OF_A_DAY_MAX:
                await connection.execute(_KEYS, ground.tenant_id, first, last, timeout=600)
            tell(last + 1)
    finally:
        await connection.close()
    await analyze(ground)


async def run(url: str, *statements: str) -> None:
    """Runs statements one after another, none in a transaction."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=3600)
    finally:
        await connection.close()


_CUSTOMERS = """
insert into customers (tenant_id, id, external_reference, name, created_at)
select $1::bigint, $2::text || ($3::bigint + number), 'BENCH-' || number, 'Customer ' || number, now()
  from generate_series(0, $4::bigint - 1) as number
on conflict do nothing
"""

_SOME_ACCOUNTS = """
select id from accounts
 where tenant_id = $1 and external_reference >= $2 and external_reference < $2 || '~'
 order by external_reference
 limit $3
"""

_ACCOUNT_AT = """
select id from accounts
 where tenant_id = $1 and ($3::text is null or customer_id = $3)
 order by id desc
offset $2::bigint - 1
 limit 1
"""

_ID = "'0A000000' || lpad(number::text, 13, '0')"

_SHOWN = f"""
'{{"id":"bacc_' || {_ID} || '","external_reference":"OLD-' || lpad(number::text, 10, '0')
    || '","customer_id":"{CUSTOMER_PREFIX}' || ({CUSTOMER_FIRST} + number % {CUSTOMERS})
    || '","name":"Jane Doe","currency":"ZAR","balance":2000,"payment_rules":{{"min_amount":100,"max_amount":500000,'
    || '"underpayment_allowed":true,"overpayment_allowed":false}},'
    || '"metadata":{{"account_type":"subscription","billing_cycle":"monthly"}}}}'
"""

_ACCOUNTS = f"""
insert into accounts (tenant_id, id, external_reference, customer_id, name, currency, balance, metadata, created_at)
select $1::bigint, 'bacc_' || {_ID}, 'OLD-' || lpad(number::text, 10, '0'),
       '{CUSTOMER_PREFIX}' || ({CUSTOMER_FIRST} + number % {CUSTOMERS}), 'Jane Doe', 'ZAR', 2000,
       '{{"account_type": "subscription", "billing_cycle": "monthly"}}', now() - interval '1 hour'
  from generate_series($2::bigint, $3::bigint) as number
"""

_ENTRIES = f"""
insert into entries (tenant_id, owner_id, number, id, kind, currency, amount, balance_after, request_id,
                     idempotency_key, created_at, hash)
select $1::bigint, 'bacc_' || {_ID}, 1, 'ent_' || {_ID}, 'opening', 'ZAR', 2000, 2000, 'req_' || {_ID},
       md5(number::text)::uuid::text, now() - interval '1 hour', sha256(number::text::bytea)
  from generate_series($2::bigint, $3::bigint) as number
"""

_PAIRS = f"""
insert into metadata_pairs (tenant_id, pair, object_id)
select $1::bigint, pair, 'bacc_' || {_ID}
  from generate_series($2::bigint, $3::bigint) as number,
       unnest(array[{", ".join(f"decode('{pair}', 'hex')" for pair in METADATA_PAIRS)}]) as pair
"""

_EVENTS = f"""
insert into events (tenant_id, id, type, object_id, data, created_at, sequence)
select $1::bigint, 'evt_' || {_ID}, 'account.created', 'bacc_' || {_ID}, ({_SHOWN})::json,
       now() - interval '1 hour', 1
  from generate_series($2::bigint, $3::bigint) as number
"""

_KEYS = f"""
insert into idempotency_keys (tenant_id, key, fingerprint, method, path, status, body, request_id, object_id,
                              created_at, expires_at)
select $1::bigint, md5(number::text)::uuid::text, sha256(number::text::bytea), 'POST', '/billing/accounts', 201,
       convert_to({_SHOWN}, 'UTF8'), 'req_' || {_ID}, 'bacc_' || {_ID},
       now() - interval '1 hour', now() + interval '23 hours'
  from generate_series($2::bigint, $3::bigint) as number
"""
