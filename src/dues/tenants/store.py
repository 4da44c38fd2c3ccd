"""The statements on merchants, tenants, api_keys and default_payment_rules."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from dues.db.database import Database
from dues.db.transaction import Row, Transaction
from dues.domain.payment_rules import Kind, PaymentRules
from dues.tenants.keys import ApiKey, Mode, NewKey, fingerprint
from dues.work.work import Work

_KEY_COLUMNS = """
       k.id, k.tenant_id, t.merchant_id, t.mode, k.kind, k.last_four, k.created_at, k.expires_at, k.revoked_at,
       t.clock_offset_seconds
  from api_keys k
  join tenants t on t.id = k.tenant_id
"""

FIND_KEY = f"select {_KEY_COLUMNS} where k.sha256 = $1"


async def find_key(database: Database, sha256: bytes) -> ApiKey | None:
    """The key with this SHA-256, in force or not."""
    row = await database.row(FIND_KEY, sha256)
    return _key(row) if row else None


LIST_KEYS = f"select {_KEY_COLUMNS} where t.merchant_id = $1 order by k.created_at, k.id"


async def list_keys(database: Database, merchant_id: str) -> list[ApiKey]:
    """Every key a merchant ever had, oldest first."""
    return [_key(row) for row in await database.rows(LIST_KEYS, merchant_id)]


INSERT_KEYS = """
insert into api_keys (tenant_id, id, kind, sha256, last_four, created_at, expires_at)
select t.id, k.id, k.kind, k.sha256, k.last_four, k.created_at, k.expires_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::timestamptz[],
              $8::timestamptz[])
    as k(merchant_id, mode, id, kind, sha256, last_four, created_at, expires_at)
  join tenants t on t.merchant_id = k.merchant_id and t.mode = k.mode
"""


def insert_keys(tx: Transaction, merchant_id: str, keys: Sequence[NewKey], now: datetime) -> None:
    """Keeps of each key what may be kept."""
    rows = [
        (merchant_id, key.mode, key.id, key.kind, fingerprint(key.secret), key.last_four, now, key.expires_at)
        for key in keys
    ]
    tx.write(INSERT_KEYS, rows)


SAVE_REVOKED_KEY = """
update api_keys k
   set revoked_at = coalesce(k.revoked_at, $2::timestamptz + t.clock_offset_seconds * interval '1 second')
  from tenants t
 where k.id = $1 and t.id = k.tenant_id
returning k.id
"""


async def save_revoked_key(database: Database, key_id: str, server_now: datetime) -> bool:
    """Revokes a key for good, by its tenant's time; whether there is such a key."""
    return bool(await database.rows(SAVE_REVOKED_KEY, key_id, server_now))


FIND_TENANT = "select id, clock_offset_seconds from tenants where merchant_id = $1 and mode = $2"


async def find_tenant(database: Database, merchant_id: str, mode: Mode) -> Row:
    """The id of a merchant's tenant of a mode, and how far its test clock is ahead in seconds."""
    row = await database.row(FIND_TENANT, merchant_id, mode)
    assert row, "a merchant has both"
    return row


LOCK_MERCHANTS = "select pg_advisory_xact_lock(1684366707)"


async def lock_merchants(tx: Transaction) -> None:
    """One at a time from here to the end of the transaction: two first starts must not make two first merchants."""
    await tx.lock(LOCK_MERCHANTS)


FIND_MERCHANTS = "select id, name, created_at from merchants order by created_at, id"


async def find_merchants(tx: Transaction) -> list[Row]:
    """Every merchant, oldest first: id, name, created_at."""
    return await tx.find(FIND_MERCHANTS)


INSERT_MERCHANTS = """
with merchant as (
    insert into merchants (id, name, created_at) values ($1, $2, $3) returning id
)
insert into tenants (merchant_id, mode)
select merchant.id, modes.mode from merchant, unnest(array['test', 'live']) as modes(mode)
"""


async def insert_merchant(tx: Transaction, merchant_id: str, name: str, now: datetime) -> None:
    """A merchant and its two tenants."""
    await tx.lock(INSERT_MERCHANTS, merchant_id, name, now)


FIND_PAYMENT_RULES = """
select t.mode, r.kind, r.currency, r.payment_rules
  from default_payment_rules r
  join tenants t on t.id = r.tenant_id
 where t.merchant_id = $1
 order by t.mode, r.kind, r.currency
"""


async def find_payment_rules(database: Database, merchant_id: str) -> list[tuple[Mode, Kind, str, PaymentRules]]:
    """A merchant's default rules: (mode, kind, currency, rules)."""
    return [
        (
            row["mode"],
            row["kind"],
            row["currency"],
            msgspec.json.decode(row["payment_rules"], type=PaymentRules),
        )
        for row in await database.rows(FIND_PAYMENT_RULES, merchant_id)
    ]


FIND_DEFAULT_RULES = """
select r.tenant_id, r.currency, r.payment_rules
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, currency)
  join default_payment_rules r on r.tenant_id = asked.tenant_id and r.kind = $3 and r.currency = asked.currency
"""


async def find_default_rules(
    work: Work, kind: Kind, named: Sequence[tuple[int, object]]
) -> dict[tuple[int, str], PaymentRules]:
    """The default rules of each (tenant, currency) that is named; what is no currency's name is passed over."""
    asked = {(tenant_id, currency) for tenant_id, currency in named if isinstance(currency, str)}
    if not asked:
        return {}
    rows = await work.tx.find(FIND_DEFAULT_RULES, *zip(*asked, strict=True), kind)
    return {
        (row["tenant_id"], row["currency"]): msgspec.json.decode(row["payment_rules"], type=PaymentRules)
        for row in rows
    }


SAVE_PAYMENT_RULES = """
insert into default_payment_rules (tenant_id, kind, currency, payment_rules)
select t.id, r.kind, r.currency, r.payment_rules::jsonb
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    as r(merchant_id, mode, kind, currency, payment_rules)
  join tenants t on t.merchant_id = r.merchant_id and t.mode = r.mode
    on conflict (tenant_id, kind, currency) do update set payment_rules = excluded.payment_rules
"""


def save_payment_rules(
    tx: Transaction, merchant_id: str, rules: Sequence[tuple[Mode, Kind, str, PaymentRules]]
) -> None:
    """Sets default rules; those of other kinds and currencies stay."""
    rows = [
        (merchant_id, mode, kind, currency, msgspec.json.encode(given).decode())
        for mode, kind, currency, given in rules
    ]
    tx.write(SAVE_PAYMENT_RULES, rows)


DELETE_PAYMENT_RULES = """
delete from default_payment_rules r
 using tenants t
 where t.id = r.tenant_id and t.merchant_id = $1 and t.mode = $2 and r.kind = $3 and r.currency = $4
returning r.kind
"""


async def delete_payment_rules(database: Database, merchant_id: str, mode: Mode, kind: Kind, currency: str) -> bool:
    """Takes default rules away: what has none of its own then cannot be paid. Whether there were any."""
    return bool(await database.rows(DELETE_PAYMENT_RULES, merchant_id, mode, kind, currency))


def _key(row: Row) -> ApiKey:
    values: dict[str, Any] = dict(row)
    return ApiKey(**values)
