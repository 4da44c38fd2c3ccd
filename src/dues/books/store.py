"""The statements that read everything of one cell."""

from collections.abc import Sequence
from typing import Final

from dues.books.bills.store import OF_BILLS
from dues.books.payments.store import OF_PAYMENTS

LIST_CELLS = "select distinct cell from tenants order by cell"

COUNT_ENTRIES = "select count(*) as entries from entries where cell = $1"

STREAM_ENTRIES = """
select tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id, idempotency_key,
       payment_id, created_at, hash, actor, external_reference, salt, version, digest
  from entries
 where cell = $1
 order by tenant_id, owner_id, number
"""

STREAM_OWNERS = """
select tenant_id, id, 'account' as noun, currency, balance, null::text as status, null::bigint as amount_due,
       null::bigint as amount_paid
  from accounts where cell = $1
 union all
select tenant_id, id, 'customer', currency, balance, null::text, null::bigint, null::bigint
  from customers where cell = $1
 union all
select tenant_id, id, 'bill', currency, amount_paid + amount_credited, status, amount_due, amount_paid
  from bills where cell = $1
 union all
select tenant_id, id, 'payment', currency, amount_unapplied, status, null::bigint, null::bigint
  from payments where cell = $1
 order by tenant_id, id
"""
"""Everything that has a ledger, with the balance that it should have."""


def _all_of(tables: Sequence[str]) -> str:
    return " union all ".join(f"select tenant_id, id, created_at from {table} where cell = $1" for table in tables)


_TOLD: Final = (
    *("accounts", "customers", "bills", "payments", "pay_links", "checkouts", "payment_requests", "mails", "closings"),
)
"""Tables of objects that have events of their own. What becomes of the others is told as their bill's or payment's."""

_OBJECTS = _all_of(_TOLD)

_ALL_OBJECTS = _all_of((*_TOLD, "bill_credits", "refunds"))

FIND_EVENTS_WITHOUT_OBJECT = f"""
select e.tenant_id, e.object_id, 'has the event ' || e.id || ' (' || e.type || ') but does not exist' as detail
  from events e
 where e.cell = $1 and e.type not like 'webhook\\_endpoint.%' and e.type not like 'import.%'
   and not exists (select from ({_OBJECTS}) as o where o.tenant_id = e.tenant_id and o.id = e.object_id)
 limit 1000
"""

_IS_ALL_THERE = "> now() - interval '7 days'"
"""Events are kept for at least so long. Of what is older, some may be forgotten; the number of the last never is."""

FIND_OBJECTS_WITHOUT_EVENT = f"""
select o.tenant_id, o.id as object_id, 'exists, but no event says that it was created' as detail
  from ({_OBJECTS}) as o
 where not exists (select from events e
                    where e.cell = $1 and e.tenant_id = o.tenant_id and e.object_id = o.id
                      and (o.created_at {_IS_ALL_THERE} is not true or e.sequence = 1 and e.data is not null
                           and (e.type like '%.created'
                                or e.type in ('obligation.amount_applied', 'payment.unapplied'))))
 limit 1000
"""
"""A payment is made known by what of it is applied or held."""

FIND_EVENTS_OUT_OF_ORDER = """
select tenant_id, object_id, 'has the event ' || id || ' numbered ' || sequence || ' after ' || before
       || case when position < position_before then ', but before it in the feed' else '' end as detail
  from (select tenant_id, object_id, id, sequence, position, lag(sequence) over object_events as before,
               lag(position) over object_events as position_before, lag(data is not null) over object_events as is_kept
          from events
         where cell = $1
        window object_events as (partition by tenant_id, object_id order by sequence)) as e
 where (sequence <> before + 1 and is_kept) or position < position_before
 limit 1000
"""
"""Behind an event of which only the number is kept, others may have been deleted since."""

FIND_ANSWERS_WITHOUT_OBJECT = f"""
select k.tenant_id, k.object_id, 'was answered under the key ' || k.key || ' but does not exist' as detail
  from idempotency_keys k
 where k.cell = $1 and left(k.object_id, 4) not in ('ent_', 'evt_', 'whe_', 'fol_')
   and not exists (select from ({_ALL_OBJECTS}) as o where o.tenant_id = k.tenant_id and o.id = k.object_id)
 limit 1000
"""

FIND_APPLICATIONS_WITHOUT_EVENT = f"""
select x.tenant_id, x.payment_id as object_id,
       'was applied ' || x.number || ' times, but ' || coalesce(e.number, 0) || ' events say so' as detail
  from (select a.tenant_id, a.payment_id, count(*) as number
          from payment_applications a
          join payments p
            on p.cell = $1 and p.tenant_id = a.tenant_id and p.id = a.payment_id and p.created_at {_IS_ALL_THERE}
         where a.cell = $1
         group by 1, 2) as x
  left join (
           select tenant_id, object_id, count(*) as number
             from events
            where cell = $1 and type = 'obligation.amount_applied'
            group by 1, 2
       ) as e on e.tenant_id = x.tenant_id and e.object_id = x.payment_id
 where x.number is distinct from e.number
 limit 1000
"""

FIND_REFUNDS_WITHOUT_EVENT = f"""
select r.tenant_id, r.payment_id as object_id,
       'has ' || r.number || ' refunds, but ' || coalesce(e.number, 0) || ' events say so' as detail
  from (select f.tenant_id, f.payment_id, count(*) as number
          from refunds f
          join payments p
            on p.cell = $1 and p.tenant_id = f.tenant_id and p.id = f.payment_id and p.created_at {_IS_ALL_THERE}
         where f.cell = $1
         group by 1, 2) as r
  left join (
           select tenant_id, object_id, count(*) as number
             from events
            where cell = $1 and type = 'payment.refunded'
            group by 1, 2
       ) as e on e.tenant_id = r.tenant_id and e.object_id = r.payment_id
 where r.number is distinct from e.number
 limit 1000
"""

FIND_CREDITS_WITHOUT_EVENT = f"""
select c.tenant_id, c.bill_id as object_id,
       'has the credit ' || c.id || ', but no event says that it was ' || told.how as detail
  from bill_credits c
 cross join lateral (
           values ('bill.credited', 'made', c.created_at), ('bill.credit_reversed', 'reversed', c.reversed_at)
       ) as told(type, how, at)
 where c.cell = $1 and told.at {_IS_ALL_THERE}
   and not exists (select from events e
                    where e.cell = $1 and e.tenant_id = c.tenant_id and e.object_id = c.bill_id
                      and e.type = told.type and e.data ->> 'id' = c.id)
 limit 1000
"""

FIND_STRAYS = f"""
select o.tenant_id, o.id as object_id, 'is in the cell ' || $1::integer || ', where its tenant is not' as detail
  from ({_ALL_OBJECTS}) as o
 where not exists (select from tenants t where t.cell = $1 and t.id = o.tenant_id)
 limit 1000
"""

FINDINGS = (
    FIND_STRAYS,
    FIND_EVENTS_WITHOUT_OBJECT,
    FIND_OBJECTS_WITHOUT_EVENT,
    FIND_EVENTS_OUT_OF_ORDER,
    FIND_ANSWERS_WITHOUT_OBJECT,
    FIND_APPLICATIONS_WITHOUT_EVENT,
    FIND_REFUNDS_WITHOUT_EVENT,
    FIND_CREDITS_WITHOUT_EVENT,
    *OF_PAYMENTS,
    *OF_BILLS,
)
"""Each gives tenant_id, object_id and detail of what is wrong; nothing where the books are right."""


def _of_tenant(statement: str) -> str:
    """The same of one tenant, $2."""
    return statement.replace("where cell = $1", "where cell = $1 and tenant_id = $2")


STREAM_ENTRIES_OF_TENANT = _of_tenant(STREAM_ENTRIES)

STREAM_OWNERS_OF_TENANT = _of_tenant(STREAM_OWNERS)

FINDINGS_OF_TENANT = tuple(
    f"select f.tenant_id, f.object_id, f.detail from ({finding.replace('limit 1000', '')}) as f "
    "where f.tenant_id = $2 limit 1000"
    for finding in FINDINGS
)
