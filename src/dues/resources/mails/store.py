"""Mails as they are kept, found and listed; which are to be sent, and what became of an attempt."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dues.commands.kind import Kind
from dues.db.database import Database
from dues.domain.mails import Mail
from dues.domain.records import Change
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.lists.listing import CUSTOMER_NAMED, Listing
from dues.resources.mails.wire import mail_body

LEASE_SECONDS: Final = 180
"""For so long a mail is with whoever sends it, which takes a minute at most: so nobody else does meanwhile."""

AT_ONCE_OF_TENANT: Final = 5
"""So many of a tenant are taken at a time: others have their turn."""


def _event_types(change: Change[Mail]) -> Sequence[EventType]:
    if change.before is None:
        return ("mail.created",)
    return ("mail.sent",) if change.after.of.state == "sent" else ("mail.failed",)


MAIL: Final = Kind(
    Mail,
    noun="mail",
    prefix="mail_",
    table="mails",
    saved=("state", "is_unclear", "reason", "sent_at", "leased_until"),
    computed={"metadata": "null", "created_at": "t.created_at"},
    show=lambda record: mail_body(record.of),
    event_types=_event_types,
    belongs_by="customer_id",
    has_balance=False,
    has_ledger=False,
)

MAILS: Final = Listing(
    name="mails",
    prefix=MAIL.prefix,
    columns=MAIL.selected,
    table="mails t",
    filters={"customer": "t.customer_id = {}", "state": "t.state = {}"},
    named={"customer": CUSTOMER_NAMED},
)

FIND_MAIL: Final = f"""
select {MAIL.selected} from mails t where t.cell = $1 and t.tenant_id = $2 and t.id = $3
"""


async def find_mail(database: Database, tenant: Tenant, mail_id: str) -> Mail | None:
    """The mail with this id."""
    row = await database.row(FIND_MAIL, *tenant, mail_id)
    return MAIL.of_row(row).of if row else None


COUNT_ASKED: Final = """
select count(*) as number from mails
 where cell = $1 and tenant_id = $2 and external_reference >= $3 || ':' and external_reference < $3 || ';'
"""


async def count_asked(database: Database, tenant: Tenant, under: str) -> int:
    """How many were asked for under references that begin so."""
    [row] = await database.rows(COUNT_ASKED, *tenant, under)
    return int(row["number"])


# What is to be sent ------------------------------------------------------------------------------------------------


class ToSend(Struct, frozen=True):
    """A mail whose turn it is."""

    tenant: Tenant
    mail: Mail


_IS_DUE = "m.state = 'waiting' and m.next_attempt_at <= now() and (m.leased_until is null or m.leased_until < now())"

TAKE_MAILS_TO_SEND: Final = f"""
with recursive asking as (
    (select tenant_id from mails where cell = $1 and state = 'waiting' order by tenant_id limit 1)
     union all
    select (select m.tenant_id from mails m
             where m.cell = $1 and m.state = 'waiting' and m.tenant_id > a.tenant_id
             order by m.tenant_id limit 1)
      from asking a
     where a.tenant_id is not null
), turns as materialized (
    select a.tenant_id, d.id, row_number() over (partition by a.tenant_id order by d.next_attempt_at, d.id) as turn
      from asking a
     cross join lateral (select m.id, m.next_attempt_at from mails m
                          where m.cell = $1 and m.tenant_id = a.tenant_id and {_IS_DUE}
                          order by m.next_attempt_at
                          limit $3) d
), due as materialized (
    select m.tenant_id, m.id
      from turns w
      join mails m on m.cell = $1 and m.tenant_id = w.tenant_id and m.id = w.id
     where {_IS_DUE}
     order by w.turn, w.id
     limit $2
       for no key update of m skip locked
)
update mails t
   set attempts = t.attempts + 1, is_unclear = t.is_unclear or t.leased_until is not null,
       leased_until = now() + $4 * interval '1 second'
  from due
 where t.cell = $1 and t.tenant_id = due.tenant_id and t.id = due.id
returning t.tenant_id, {MAIL.selected}
"""
"""A lease that ended by itself is that of somebody who died meanwhile: whether the mail was taken, nobody knows."""


async def take_mails_to_send(database: Database, cell: int, limit: int) -> list[ToSend]:
    """Mails of a cell whose turn it is, for whoever is first. Tenants take turns."""
    rows = await database.rows(TAKE_MAILS_TO_SEND, cell, limit, AT_ONCE_OF_TENANT, LEASE_SECONDS)
    return [ToSend(Tenant(cell, row["tenant_id"]), MAIL.of_row(row).of) for row in rows]


SAVE_AGAIN: Final = """
update mails
   set next_attempt_at = now() + $5 * interval '1 second', reason = $6, is_unclear = is_unclear or $7,
       leased_until = null
 where cell = $1 and tenant_id = $2 and id = $3 and attempts = $4 and state = 'waiting'
returning id
"""


async def save_again(database: Database, one: ToSend, seconds: float, reason: str, is_unclear: bool) -> None:
    """Has a mail tried again after a while, unless somebody else has taken it since."""
    mail = one.mail
    await database.rows(SAVE_AGAIN, *one.tenant, mail.id, mail.attempts, seconds, reason[:255], is_unclear)
