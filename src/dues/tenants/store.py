"""The statements on merchants, tenants, api_keys and default_payment_rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dues.db.database import Database
from dues.db.transaction import Row, Transaction
from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.rate_limits import RateLimit, parse_rate_limit
from dues.domain.tenants import Tenant
from dues.tenants.keys import ApiKey, Mode, NewKey, Restrictions, fingerprint
from dues.work.questions import Part, Question

_KEY_COLUMNS = """
       k.id, t.cell, k.tenant_id, t.merchant_id, t.mode, k.kind, k.last_four, k.created_at, k.expires_at, k.revoked_at,
       k.last_used_at, t.clock_offset_seconds, m.time_zone, k.rate_limit, k.allowed, k.addresses, k.max_amount,
       k.max_per_day
  from api_keys k
  join tenants t on t.id = k.tenant_id
  join merchants m on m.id = t.merchant_id
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
select * from unnest($1::integer[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[])
"""


async def insert_keys(tx: Transaction, tenants: Mapping[Mode, Tenant], keys: Sequence[NewKey], now: datetime) -> None:
    """Keeps of each key what may be kept."""
    rows = [
        (tenants[key.mode].id, key.id, key.kind, fingerprint(key.secret), key.last_four, now, key.expires_at)
        for key in keys
    ]
    await tx.lock(INSERT_KEYS, *zip(*rows, strict=True))


SAVE_RESTRICTIONS = """
update api_keys
   set rate_limit = $2, allowed = $3, addresses = $4, max_amount = $5, max_per_day = $6
 where id = $1
returning id
"""


async def save_restrictions(tx: Transaction, key_id: str, rate_limit: RateLimit | None, only: Restrictions) -> None:
    """Says what a new key may not."""
    limit = str(rate_limit) if rate_limit else None
    await tx.lock(SAVE_RESTRICTIONS, key_id, limit, only.allowed, only.addresses, only.max_amount, only.max_per_day)


SAVE_RATE_LIMIT = "update api_keys set rate_limit = $2 where id = $1 returning id"


async def save_rate_limit(database: Database, key_id: str, rate_limit: RateLimit | None) -> bool:
    """How often a key may be used from now on; whether there is such a key."""
    return bool(await database.rows(SAVE_RATE_LIMIT, key_id, str(rate_limit) if rate_limit else None))


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


FIND_TENANTS = "select mode, cell, id, clock_offset_seconds from tenants where merchant_id = $1"


async def find_tenants(database: Database, merchant_id: str) -> dict[Mode, tuple[Tenant, int]]:
    """A merchant's tenants, and how far each one's test clock is ahead in seconds."""
    rows = await database.rows(FIND_TENANTS, merchant_id)
    return {row["mode"]: (Tenant(row["cell"], row["id"]), row["clock_offset_seconds"]) for row in rows}


LIST_CELLS = "select distinct cell from tenants order by cell"


async def list_cells(database: Database) -> list[int]:
    """Every cell that anybody's data is in: what goes through all tenants goes from one to the next."""
    return [row["cell"] for row in await database.rows(LIST_CELLS)]


LOCK_MERCHANTS = "select pg_advisory_xact_lock(1684366707)"


async def lock_merchants(tx: Transaction) -> None:
    """One at a time from here to the end of the transaction: two first starts must not make two first merchants, and of
    two that come at once each finds a cell with the fewest. Where the directory is on several nodes, whoever changes
    several of its tables would wait in a circle otherwise."""
    await tx.lock(LOCK_MERCHANTS)


FIND_MERCHANTS = "select id, name, time_zone, file_settings, created_at from merchants order by created_at, id"


async def find_merchants(tx: Transaction) -> list[Row]:
    """Every merchant, oldest first: id, name, time_zone, file_settings (JSON, or None), created_at."""
    return await tx.find(FIND_MERCHANTS)


INSERT_MERCHANT = "insert into merchants (id, name, created_at, time_zone) values ($1, $2, $3, $4)"

COUNT_TENANTS = "select cell, count(*) as number from tenants where cell <= $1 group by cell"

INSERT_TENANTS = """
insert into tenants (merchant_id, mode, cell)
values ($1, 'test', $2), ($1, 'live', $2)
returning mode, cell, id
"""


async def insert_merchant(
    tx: Transaction, merchant_id: str, name: str, now: datetime, cells: int, time_zone: str = "UTC"
) -> dict[Mode, Tenant]:
    """A merchant and its two tenants, in the one of `cells` cells that has the fewest."""
    await tx.lock(INSERT_MERCHANT, merchant_id, name, now, time_zone)
    tenants = dict.fromkeys(range(1, cells + 1), 0)
    tenants |= {row["cell"]: row["number"] for row in await tx.find(COUNT_TENANTS, cells)}
    cell = min(tenants, key=lambda number: (tenants[number], number))
    rows = await tx.lock(INSERT_TENANTS, merchant_id, cell)
    return {row["mode"]: Tenant(row["cell"], row["id"]) for row in rows}


SAVE_MERCHANT = """
update merchants
   set name = coalesce($2, name), time_zone = coalesce($3, time_zone)
 where id = $1
returning id, name, time_zone, file_settings, created_at
"""


async def save_merchant(tx: Transaction, merchant_id: str, name: str | None, time_zone: str | None) -> Row:
    """Writes what is given of a merchant that exists; as it is then."""
    [row] = await tx.lock(SAVE_MERCHANT, merchant_id, name, time_zone)
    return row


FIND_PAYMENT_RULES = """
select kind, currency, payment_rules
  from default_payment_rules
 where cell = $1 and tenant_id = $2
 order by kind, currency
"""


async def find_payment_rules(database: Database, tenant: Tenant) -> list[tuple[Noun, str, PaymentRules]]:
    """A tenant's default rules: (noun, currency, rules)."""
    return [
        (row["kind"], row["currency"], msgspec.json.decode(row["payment_rules"], type=PaymentRules))
        for row in await database.rows(FIND_PAYMENT_RULES, *tenant)
    ]


class DefaultRules(Question, frozen=True):
    """The merchant's default rules for a kind of object in a currency."""

    noun: str
    currency: str

    @property
    def part(self) -> Part:
        return _DEFAULT_RULES

    @property
    def values(self) -> tuple[object, ...]:
        return self.noun, self.currency


_DEFAULT_RULES = Part(
    name="default_rules",
    asked={"kind": "text", "currency": "text"},
    source="""  join default_payment_rules r
    on r.cell = $1 and r.tenant_id = asked.tenant_id and r.kind = asked.kind and r.currency = asked.currency""",
    value="r.payment_rules",
    shape=PaymentRules,
)


SAVE_PAYMENT_RULES = """
insert into default_payment_rules (cell, tenant_id, kind, currency, payment_rules)
select $1, $2, kind, currency, payment_rules::jsonb
  from unnest($3::text[], $4::text[], $5::text[]) as r(kind, currency, payment_rules)
    on conflict (cell, tenant_id, kind, currency) do update set payment_rules = excluded.payment_rules
"""


async def save_payment_rules(tx: Transaction, tenant: Tenant, rules: Sequence[tuple[Noun, str, PaymentRules]]) -> None:
    """Sets default rules; those of other kinds of object and other currencies stay."""
    rows = [(noun, currency, msgspec.json.encode(given).decode()) for noun, currency, given in rules]
    await tx.lock(SAVE_PAYMENT_RULES, *tenant, *zip(*rows, strict=True))


DELETE_PAYMENT_RULES = """
delete from default_payment_rules r
 using unnest($3::text[], $4::text[]) as gone(kind, currency)
 where r.cell = $1 and r.tenant_id = $2 and r.kind = gone.kind and r.currency = gone.currency
"""


async def delete_payment_rules(tx: Transaction, tenant: Tenant, of: Sequence[tuple[Noun, str]]) -> None:
    """Takes default rules away, of kinds of object in currencies: what has none of its own then cannot be paid."""
    await tx.lock(DELETE_PAYMENT_RULES, *tenant, *zip(*of, strict=True))


def _key(row: Row) -> ApiKey:
    values: dict[str, Any] = dict(row)
    rate_limit, allowed, addresses = values.pop("rate_limit"), values.pop("allowed"), values.pop("addresses")
    only = Restrictions(
        allowed=None if allowed is None else tuple(allowed),
        addresses=None if addresses is None else tuple(addresses),
        max_amount=values.pop("max_amount"),
        max_per_day=values.pop("max_per_day"),
    )
    return ApiKey(
        tenant=Tenant(values.pop("cell"), values.pop("tenant_id")),
        rate_limit=parse_rate_limit(rate_limit) if rate_limit else None,
        restrictions=None if only == Restrictions() else only,
        **values,
    )
