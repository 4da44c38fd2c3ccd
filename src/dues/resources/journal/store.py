"""The statement on everything that moved: entries, and what bills and payments say themselves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.ids import first_id
from dues.domain.journal.movements import Key, Ledger, Moved
from dues.domain.tenants import Tenant

VARIETY: Final = """case when e.kind = 'payment' and exists (
                        select from entries x
                         where x.cell = $1 and x.tenant_id = $2 and x.owner_id = e.payment_id
                           and x.kind = 'application' and x.request_id = e.request_id)
                    then 'of held money'
                    when e.kind in ('credit', 'credit_reversal') then (
                        -- An entry does not name its credit. Of those of a bill that come to the same, the first one
                        -- is the first one's.
                        select k.kind
                          from bill_credits k
                         where k.cell = $1 and k.tenant_id = $2 and k.bill_id = e.owner_id and k.amount = abs(e.amount)
                           and (e.kind = 'credit' or k.reversed_at is not null)
                         order by case e.kind when 'credit' then k.created_at else k.reversed_at end, k.id
                        offset (select count(*)
                                  from entries x
                                 where x.cell = $1 and x.tenant_id = $2 and x.owner_id = e.owner_id
                                   and x.kind = e.kind and x.amount = e.amount and x.number < e.number)
                         limit 1)
               end"""
"""Which variety of its kind an entry `e` is, whose payment is `p`."""

LIST_MOVEMENTS: Final = f"""
select m.*, c.external_reference as customer
  from (select e.created_at as at, e.id, e.kind, e.number, e.currency, e.amount, e.reason, e.owner_id,
               coalesce(b.customer_id, a.customer_id, case when p.id = e.owner_id then p.customer_id end, e.owner_id)
                   as customer_id,
               coalesce(b.external_reference, a.external_reference) as reference,
               p.external_reference as payment, p.method, null::date as bill_on,
               case when e.created_at = p.created_at then p.paid_at end as paid_at,
               {VARIETY} as variety
          from entries e
          left join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = e.owner_id
          left join accounts a on a.cell = $1 and a.tenant_id = $2 and a.id = e.owner_id
          left join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = e.payment_id
         where e.cell = $1 and e.tenant_id = $2 and e.created_at >= $3 and e.created_at < $4 and e.amount <> 0
           -- What is applied of held money, and held again, has its entry where it went or came from.
           and e.kind <> 'application'
           and (e.kind <> 'hold' or e.number = 1 and e.created_at = p.created_at)
         union all
        select b.created_at, b.id, 'made', 0, b.currency, b.amount_due, null, b.id, b.customer_id,
               b.external_reference, null, null, b.bill_on, null, null
          from bills b
         where b.cell = $1 and b.tenant_id = $2 and b.id >= $5 and b.id < $6
         union all
        select coalesce(b.voided_at, b.created_at), b.id, 'voided', 0, b.currency, b.amount_due - b.amount_credited,
               null, b.id, b.customer_id, b.external_reference, null, null, null, null, null
          from bills b
         where b.cell = $1 and b.tenant_id = $2 and b.status = 'voided' and b.amount_credited < b.amount_due
           and coalesce(b.voided_at, b.created_at) >= $3 and coalesce(b.voided_at, b.created_at) < $4
         union all
        select p.reversed_at, p.id, 'not_restored', 0, p.currency, p.amount_refunded + x.amount, p.reversal_reason,
               p.id, p.customer_id, null, p.external_reference, p.method, null, null, null
          from payments p
         cross join lateral (
                   select coalesce(sum(x.not_restored), 0)::bigint as amount
                     from payment_applications x
                    where x.cell = $1 and x.tenant_id = $2 and x.payment_id = p.id
               ) as x
         where p.cell = $1 and p.tenant_id = $2 and p.reversed_at >= $3 and p.reversed_at < $4
           and p.amount_refunded + x.amount > 0
       ) as m
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = m.customer_id
 order by m.at, m.id, m.kind collate "C" desc
"""
"""In one order, whenever it is asked for. It looks through all entries of the tenant, and sorts those of the time: what
has an index by time is not written as fast as entries are."""


async def list_movements(database: Database, tenant: Tenant, begins: datetime, ends: datetime) -> AsyncIterator[Moved]:
    """All from `begins` until before `ends`, by time. `database` is a snapshot."""
    ids = first_id("bill_", begins), first_id("bill_", ends)
    async for row in database.stream(LIST_MOVEMENTS, *tenant, begins, ends, *ids):
        yield _moved(row)


_LEDGERS: Final[dict[str, Ledger]] = {"bill": "bill", "pay": "payment", "bacc": "balance", "bcus": "balance"}


def _moved(row: Row) -> Moved:
    ledger = _LEDGERS[row["owner_id"].partition("_")[0]]
    key: Key = ledger, row["kind"], row["variety"] or ""
    told = row["bill_on"] or row["paid_at"]
    if isinstance(told, datetime):
        told = told.astimezone(UTC)
    return Moved(
        at=row["at"],
        key=key,
        id=row["id"],
        number=row["number"],
        currency=row["currency"],
        amount=row["amount"],
        customer=row["customer"],
        reference=row["reference"] or (row["payment"] if ledger == "payment" else row["customer"]),
        payment=row["payment"],
        method=row["method"],
        reason=row["reason"],
        told=told and told.isoformat().replace("+00:00", "Z"),
    )
