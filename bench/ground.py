"""The database before anything is measured: whose it is, how durable, and what is in it."""

from dataclasses import dataclass

import asyncpg

from bench.tenants import Tenant, tenant_of
from dues.metadata.store import pair_of

CUSTOMERS = 1_000
CUSTOMER_PREFIX = "bcus_0Bench00"
CUSTOMER_FIRST = 1_000_000_000_000
"""A customer's id is the prefix and a number of thirteen digits, so that pgbench can choose one by arithmetic."""

METADATA_PAIRS = tuple(
    sorted(pair_of(*pair).hex() for pair in (("account_type", "subscription"), ("billing_cycle", "monthly")))
)
"""What metadata_pairs holds, in hexadecimal, of the metadata that every account of the bench has."""


class NotDurableError(Exception):
    """PostgreSQL would answer before the disk has it, so nothing here would mean anything."""


@dataclass(frozen=True)
class Ground:
    """A prepared database: where it is, what runs it, and whose data is in it."""

    url: str
    tenant: Tenant
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
        tenant = await tenant_of(connection, key)
        await connection.execute(tenant.sql(_CUSTOMERS), CUSTOMER_PREFIX, CUSTOMER_FIRST, CUSTOMERS)
        customers = [f"{CUSTOMER_PREFIX}{CUSTOMER_FIRST + number}" for number in range(CUSTOMERS)]
        return Ground(url, tenant, customers, settings)
    finally:
        await connection.close()


async def analyze(ground: Ground) -> None:
    """Tells the planner what is in the tables; without it, plans of a minute ago scan tables that have grown."""
    await run(ground.url, "vacuum analyze", "checkpoint")


async def some_accounts(ground: Ground, run: str, count: int) -> list[str]:
    """The ids of `count` accounts whose reference begins with `run`."""
    connection = await asyncpg.connect(ground.url)
    try:
        rows = await connection.fetch(ground.tenant.sql(_SOME_ACCOUNTS), run, count)
        return [str(row["id"]) for row in rows]
    finally:
        await connection.close()


async def account_at(ground: Ground, place: int, customer: str | None) -> str | None:
    """The id of the account at `place` (1, 2, 3 …), newest first, of all or of one customer's (id)."""
    connection = await asyncpg.connect(ground.url)
    try:
        found: str | None = await connection.fetchval(ground.tenant.sql(_ACCOUNT_AT), place, customer)
        return found
    finally:
        await connection.close()


async def run(url: str, *statements: str) -> None:
    """Runs statements one after another, none in a transaction."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=3600)
    finally:
        await connection.close()


_CUSTOMERS = """
insert into customers ({columns}, id, external_reference, name, created_at)
select {values}, $1::text || ($2::bigint + number), 'BENCH-' || number, 'Customer ' || number, now()
  from generate_series(0, $3::bigint - 1) as number
on conflict do nothing
"""

_SOME_ACCOUNTS = """
select id from accounts
 where {whose} and external_reference >= $1 and external_reference < $1 || '~'
 order by external_reference
 limit $2
"""

_ACCOUNT_AT = """
select id from accounts
 where {whose} and ($2::text is null or customer_id = $2)
 order by id desc
offset $1::bigint - 1
 limit 1
"""
