"""The statement on a day's money: payments, refunds, and payments that were reversed."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.ids import first_id
from dues.domain.tenants import Tenant

LIST_MONEY: Final = """
select m.type, m.at, m.id, m.reference, m.amount, p.id as payment_id, p.external_reference as payment_reference,
       p.method, p.currency, p.paid_at, p.status, p.amount_unapplied, p.amount_refunded, p.collector_id,
       c.external_reference as customer, applied.amount as amount_applied, applied.places
  from (select 'Payment' as type, p.created_at as at, p.id, p.external_reference as reference, p.amount,
               p.id as payment_id
          from payments p
         where p.cell = $1 and p.tenant_id = $2 and p.id >= $5 and p.id < $6
         union all
        select 'Refund', r.created_at, r.id, r.external_reference, -r.amount, r.payment_id
          from refunds r
         where r.cell = $1 and r.tenant_id = $2 and r.id >= $7 and r.id < $8
         union all
        select 'Reversal', p.reversed_at, p.id, p.external_reference, -p.amount, p.id
          from payments p
         where p.cell = $1 and p.tenant_id = $2 and p.reversed_at >= $3 and p.reversed_at < $4
       ) as m
  join payments p on p.cell = $1 and p.tenant_id = $2 and p.id = m.payment_id
  join customers c on c.cell = $1 and c.tenant_id = $2 and c.id = p.customer_id
 cross join lateral (
           select coalesce(sum(x.amount - x.released), 0)::bigint as amount,
                  array_agg(coalesce(b.external_reference, a.external_reference, o.external_reference)
                            order by x.number) as places
             from payment_applications x
             left join bills b on b.cell = $1 and b.tenant_id = $2 and b.id = x.owner_id
             left join accounts a on a.cell = $1 and a.tenant_id = $2 and a.id = x.owner_id
             left join customers o on o.cell = $1 and o.tenant_id = $2 and o.id = x.owner_id
            where x.cell = $1 and x.tenant_id = $2 and x.payment_id = p.id and x.amount > x.released
              and p.status = 'applied'
       ) as applied
 order by m.at, m.id, m.type collate "C"
"""


async def list_money(database: Database, tenant: Tenant, begins: datetime, ends: datetime) -> AsyncIterator[Row]:
    """All from `begins` until before `ends`, by time. `database` is a snapshot."""
    ids = [first_id(prefix, time) for prefix in ("pay_", "ref_") for time in (begins, ends)]
    async for row in database.stream(LIST_MONEY, *tenant, begins, ends, *ids):
        yield row
