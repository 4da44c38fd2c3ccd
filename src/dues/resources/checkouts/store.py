"""Checkouts as they are kept and found; what is asked for again; what the processor of tests knows."""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from dues.commands.kind import Kind
from dues.db.database import Database
from dues.domain.checkouts import Checkout
from dues.domain.records import Change
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.lists.listing import PAYMENT_LINK_NAMED, Listing
from dues.resources.checkouts.wire import checkout_body


def _event_types(change: Change[Checkout]) -> tuple[EventType]:
    told: dict[str, EventType] = {
        "open": "checkout.created",
        "paid": "checkout.paid",
        "failed": "checkout.failed",
        "expired": "checkout.expired",
        "orphaned": "checkout.orphaned",
    }
    return (told[change.after.of.state],)


CHECKOUT: Final = Kind(
    Checkout,
    noun="checkout",
    prefix="chk_",
    table="checkouts",
    saved=("state", "payment_id", "reason"),
    computed={"metadata": "null", "created_at": "t.created_at"},
    show=lambda record: checkout_body(record.of),
    event_types=_event_types,
    belongs_by="payment_link_id",
    has_balance=False,
    has_ledger=False,
)

CHECKOUTS: Final = Listing(
    name="checkouts",
    prefix=CHECKOUT.prefix,
    columns=CHECKOUT.selected,
    table="checkouts t",
    filters={"payment_link": "t.payment_link_id = {}", "state": "t.state = {}"},
    named={"payment_link": PAYMENT_LINK_NAMED},
)

FIND_CHECKOUT: Final = f"""
select {CHECKOUT.selected} from checkouts t where t.cell = $1 and t.tenant_id = $2 and t.id = $3
"""


async def find_checkout(database: Database, tenant: Tenant, checkout_id: str) -> Checkout | None:
    """The checkout with this id."""
    row = await database.row(FIND_CHECKOUT, *tenant, checkout_id)
    return CHECKOUT.of_row(row).of if row else None


FIND_PRESSED: Final = f"""
select {CHECKOUT.selected}
  from checkouts t
 where t.cell = $1 and t.tenant_id = $2 and t.external_reference = $4 and t.payment_link_id = $3
"""


async def find_pressed(database: Database, tenant: Tenant, link_id: str, press: str) -> Checkout | None:
    """The checkout of a link that a form has begun before."""
    row = await database.row(FIND_PRESSED, *tenant, link_id, press)
    return CHECKOUT.of_row(row).of if row else None


LIST_LAST_CHECKOUTS: Final = f"""
select {CHECKOUT.selected}
  from checkouts t
 where t.cell = $1 and t.tenant_id = $2 and t.payment_link_id = $3
 order by t.id desc
 limit $4
"""


async def list_last_checkouts(database: Database, tenant: Tenant, link_id: str, limit: int) -> list[Checkout]:
    """What was begun by a link, the last first."""
    return [CHECKOUT.of_row(row).of for row in await database.rows(LIST_LAST_CHECKOUTS, *tenant, link_id, limit)]


# What is asked for again ------------------------------------------------------------------------------------------


class ToAskFor(Struct, frozen=True):
    """An open checkout whose turn it is."""

    tenant: Tenant
    id: str


TAKE_CHECKOUTS_TO_ASK_FOR: Final = """
with due as materialized (
    select c.tenant_id, c.id
      from checkouts c
     where c.cell = $1 and c.state = 'open' and c.ask_at <= now()
     order by c.ask_at
     limit $2
       for no key update skip locked
)
update checkouts c
   set asks = c.asks + 1, ask_at = now() + least(3600, 5 * 2 ^ least(c.asks, 10)) * interval '1 second'
  from due
 where c.cell = $1 and c.tenant_id = due.tenant_id and c.id = due.id
returning c.tenant_id, c.id
"""


async def take_checkouts_to_ask_for(database: Database, cell: int, limit: int) -> list[ToAskFor]:
    """Open checkouts of a cell whose turn it is, for whoever is first; the next turn of each comes later every time."""
    rows = await database.rows(TAKE_CHECKOUTS_TO_ASK_FOR, cell, limit)
    return [ToAskFor(Tenant(cell, row["tenant_id"]), row["id"]) for row in rows]


HURRY_CHECKOUT: Final = """
update checkouts set ask_at = now()
 where cell = $1 and tenant_id = $2 and id = $3 and state = 'open' and ask_at > now() + interval '2 seconds'
returning id
"""


async def hurry_checkout(database: Database, tenant: Tenant, checkout_id: str) -> None:
    """Somebody waits for what became of it: its turn is now."""
    await database.rows(HURRY_CHECKOUT, *tenant, checkout_id)


# What a processor calls it ----------------------------------------------------------------------------------------

SAVE_SESSION: Final = """
update checkouts set session = $4 where cell = $1 and tenant_id = $2 and id = $3 and session is null returning id
"""


async def save_session(database: Database, tenant: Tenant, checkout_id: str, session: str) -> None:
    """Keeps what a processor calls a checkout; the first name that it was given stays."""
    await database.rows(SAVE_SESSION, *tenant, checkout_id, session)


FIND_SESSION: Final = "select session from checkouts where cell = $1 and tenant_id = $2 and id = $3"


async def find_session(database: Database, tenant: Tenant, checkout_id: str) -> str | None:
    """What a processor calls a checkout."""
    row = await database.row(FIND_SESSION, *tenant, checkout_id)
    return row["session"] if row else None


# The processor of tests --------------------------------------------------------------------------------------------


class Charge(Struct, frozen=True):
    """What the processor of tests knows of a checkout, and from when on it tells (by the server's time)."""

    outcome: str
    told_from: datetime


SAVE_CHARGE: Final = """
update checkouts set charge = $4::jsonb
 where cell = $1 and tenant_id = $2 and id = $3 and charge is null
returning id
"""


async def save_charge(database: Database, tenant: Tenant, checkout_id: str, charge: Charge) -> bool:
    """Charges a checkout of tests, once; whether it was not before."""
    return bool(await database.rows(SAVE_CHARGE, *tenant, checkout_id, msgspec.json.encode(charge).decode()))


FIND_CHARGE: Final = "select charge from checkouts where cell = $1 and tenant_id = $2 and id = $3"


async def find_charge(database: Database, tenant: Tenant, checkout_id: str) -> Charge | None:
    """What it knows of one."""
    row = await database.row(FIND_CHARGE, *tenant, checkout_id)
    return msgspec.json.decode(row["charge"], type=Charge) if row and row["charge"] else None
