"""The statements on closings and late entries."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.closings import Closed
from dues.domain.tenants import Tenant
from dues.lists.listing import Listing
from dues.resources.closings.wire import ClosingBody, LateEntryBody
from dues.resources.control_totals.wire import ControlledBody
from dues.work.work import Work


class Closing(Struct, frozen=True, kw_only=True):
    """A closing as stored. `from_on` None: it is of all days up to `through_on`."""

    id: str
    from_on: date | None
    through_on: date
    time_zone: str
    begins_at: datetime
    ends_at: datetime
    totals: Sequence[ControlledBody]
    actor: str | None
    created_at: datetime
    reopened_at: datetime | None = None
    reopened_reason: str | None = None
    reopened_actor: str | None = None

    @property
    def closed(self) -> Closed:
        """Up to when."""
        return Closed(self.through_on, self.ends_at)


COLUMNS: Final = ", ".join(f"t.{name}" for name in Closing.__struct_fields__)

CLOSINGS: Final = Listing(name="closings", prefix="cls_", columns=COLUMNS, table="closings t", filters={})

LATE_ENTRIES: Final = Listing(
    name="late entries",
    prefix="late_",
    columns="t.id, t.object_id, t.dated_on, t.closed_through, t.reason, t.request_id, t.actor, t.created_at",
    table="late_entries t",
    filters={},
)


def closing_of(row: Row) -> Closing:
    """The closing that a row is."""
    values: dict[str, Any] = {name: row[name] for name in Closing.__struct_fields__}
    values["totals"] = msgspec.json.decode(row["totals"], type=list[ControlledBody])
    return Closing(**values)


def closing_body(closing: Closing) -> ClosingBody:
    """It as clients see it."""
    return ClosingBody(
        id=closing.id,
        from_=closing.from_on,
        through=closing.through_on,
        time_zone=closing.time_zone,
        ends_at=closing.ends_at,
        currencies=list(closing.totals),
        created_at=closing.created_at,
        actor=closing.actor,
        reopened_at=closing.reopened_at,
        reopened_reason=closing.reopened_reason,
        reopened_by=closing.reopened_actor,
    )


def late_entry_body(row: Row) -> LateEntryBody:
    """A row of late entries as clients see it."""
    return LateEntryBody(
        id=row["id"],
        object=row["object_id"],
        date=row["dated_on"],
        closed_through=row["closed_through"],
        reason=row["reason"],
        request_id=row["request_id"],
        actor=row["actor"],
        created_at=row["created_at"],
    )


FIND_CLOSING: Final = f"select {COLUMNS} from closings t where t.cell = $1 and t.tenant_id = $2 and t.id = $3"


async def find_closing(database: Database, tenant: Tenant, closing_id: str) -> Closing | None:
    """The closing with this id."""
    row = await database.row(FIND_CLOSING, *tenant, closing_id)
    return closing_of(row) if row else None


FIND_LAST: Final = f"""
select {COLUMNS}
  from closings t
 where t.cell = $1 and t.tenant_id = $2 and t.reopened_at is null
 order by t.ends_at desc
 limit 1
"""


async def find_last(work: Work, tenant: Tenant) -> Closing | None:
    """The last one that is in force. Within the transaction, which it begins."""
    rows = await work.tx.lock(FIND_LAST, *tenant)
    return closing_of(rows[0]) if rows else None


FIND_CLOSED_THROUGH: Final = f"""
select {COLUMNS}
  from closings t
 where t.cell = $1 and t.tenant_id = $2 and t.reopened_at is null and t.through_on = $3
 order by t.ends_at desc
 limit 1
"""


async def find_closed_through(database: Database, tenant: Tenant, through: date) -> Closing | None:
    """The closing in force whose last day this is."""
    row = await database.row(FIND_CLOSED_THROUGH, *tenant, through)
    return closing_of(row) if row else None


async def find_named(work: Work, tenant: Tenant, closing_id: str) -> Closing | None:
    """The closing with this id, likewise."""
    rows = await work.tx.lock(FIND_CLOSING, *tenant, closing_id)
    return closing_of(rows[0]) if rows else None


LOCK_CLOSINGS: Final = "select pg_advisory_xact_lock(hashtextextended('closings', $1::integer))"


async def lock_closings(work: Work, tenant: Tenant) -> None:
    """Until the end of the transaction, nobody else closes days of the tenant, or enters what is of days that are
    over."""
    await work.tx.lock(LOCK_CLOSINGS, tenant.id)


INSERT_CLOSING: Final = """
insert into closings (
    cell, tenant_id, id, from_on, through_on, time_zone, begins_at, ends_at, totals, actor, created_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11)
"""


async def insert_closing(work: Work, tenant: Tenant, closing: Closing) -> None:
    """Writes a new closing."""
    values = structs.asdict(closing)
    values["totals"] = msgspec.json.encode(closing.totals).decode()
    await work.tx.lock(INSERT_CLOSING, *tenant, *list(values.values())[:9])


SAVE_REOPENED: Final = """
update closings t
   set reopened_at = $4, reopened_reason = $5, reopened_actor = $6
 where t.cell = $1 and t.tenant_id = $2 and t.id = $3
"""


async def save_reopened(work: Work, tenant: Tenant, closing: Closing) -> None:
    """Writes that it is not in force any more."""
    told = closing.reopened_at, closing.reopened_reason, closing.reopened_actor
    await work.tx.lock(SAVE_REOPENED, *tenant, closing.id, *told)
