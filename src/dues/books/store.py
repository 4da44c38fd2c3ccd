"""The statements that read everything of one cell."""

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
select tenant_id, id, currency, balance, null::text as status, null::bigint as amount_due from accounts where cell = $1
 union all
select tenant_id, id, currency, balance, null::text, null::bigint from customers where cell = $1
 union all
select tenant_id, id, currency, amount_paid, status, amount_due from bills where cell = $1
 order by tenant_id, id
"""

_OBJECTS = " union all ".join(
    f"select tenant_id, id, created_at from {table} where cell = $1"
    for table in ("accounts", "customers", "bills", "payments")
)

FIND_EVENTS_WITHOUT_OBJECT = f"""
select e.tenant_id, e.object_id, 'has the event ' || e.id || ' (' || e.type || ') but does not exist' as detail
  from events e
 where e.cell = $1 and e.type not like 'webhook\\_endpoint.%'
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
                           and (e.type like '%.created' or e.type = 'obligation.amount_applied')))
 limit 1000
"""

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
 where k.cell = $1 and left(k.object_id, 4) not in ('ent_', 'evt_', 'whe_')
   and not exists (select from ({_OBJECTS}) as o where o.tenant_id = k.tenant_id and o.id = k.object_id)
 limit 1000
"""

FIND_PAYMENTS_NOT_APPLIED = """
select p.tenant_id, p.id as object_id,
       'is a payment of ' || p.amount || ', but ' || coalesce(sum(x.amount), 0) || ' was applied' as detail
  from payments p
  left join payment_applications x on x.cell = $1 and x.tenant_id = p.tenant_id and x.payment_id = p.id
 where p.cell = $1
 group by p.cell, p.tenant_id, p.id
having p.amount is distinct from sum(x.amount)
 limit 1000
"""

FIND_APPLICATIONS_WITHOUT_ENTRY = """
select x.tenant_id, x.owner_id as object_id,
       'has ' || x.amount || ' of the payment ' || x.payment_id || ' (' || p.status || ') applied, but its entries say '
       || count(e.number) filter (where e.kind = 'payment') || ' times ' || coalesce(sum(e.amount), 0) as detail
  from payment_applications x
  join payments p on p.cell = $1 and p.tenant_id = x.tenant_id and p.id = x.payment_id
 cross join lateral (values (case when x.owner_id like 'bill\\_%' then x.amount else -x.amount end)) as signed(amount)
  left join entries e
    on e.cell = $1 and e.tenant_id = x.tenant_id and e.owner_id = x.owner_id and e.payment_id = x.payment_id
 where x.cell = $1
 group by x.tenant_id, x.payment_id, x.owner_id, x.amount, p.status, signed.amount
having array_agg(e.kind || e.amount order by e.number) is distinct from
       case p.status
           when 'reversed' then array['payment' || signed.amount, 'reversal' || -signed.amount]
           else array['payment' || signed.amount]
       end
 limit 1000
"""

FIND_ENTRIES_WITHOUT_APPLICATION = """
select e.tenant_id, e.owner_id as object_id,
       'has the entry ' || e.id || ' of the payment ' || e.payment_id || ', which was not applied to it' as detail
  from entries e
 where e.cell = $1 and e.payment_id is not null
   and not exists (select from payment_applications x
                    where x.cell = $1 and x.tenant_id = e.tenant_id and x.owner_id = e.owner_id
                      and x.payment_id = e.payment_id)
 limit 1000
"""

FIND_BILLS_PAID_OTHERWISE = """
select b.tenant_id, b.id as object_id,
       'says ' || b.amount_paid || ' was paid, but its payments come to ' || coalesce(paid.amount, 0)
       || ' and its manual records to ' || coalesce(manual.amount, 0) as detail
  from bills b
  left join (
           select x.tenant_id, x.owner_id, sum(x.amount) as amount
             from payment_applications x
             join payments p
               on p.cell = $1 and p.tenant_id = x.tenant_id and p.id = x.payment_id and p.status = 'applied'
            where x.cell = $1
            group by x.tenant_id, x.owner_id
       ) as paid on paid.tenant_id = b.tenant_id and paid.owner_id = b.id
  left join (
           select tenant_id, owner_id, sum(amount) as amount
             from entries
            where cell = $1 and kind = 'adjustment' and owner_id like 'bill\\_%'
            group by tenant_id, owner_id
       ) as manual on manual.tenant_id = b.tenant_id and manual.owner_id = b.id
 where b.cell = $1 and b.amount_paid <> coalesce(paid.amount, 0) + coalesce(manual.amount, 0)
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

FIND_STRAYS = f"""
select o.tenant_id, o.id as object_id, 'is in the cell ' || $1::integer || ', where its tenant is not' as detail
  from ({_OBJECTS}) as o
 where not exists (select from tenants t where t.cell = $1 and t.id = o.tenant_id)
 limit 1000
"""

FINDINGS = (
    FIND_STRAYS,
    FIND_EVENTS_WITHOUT_OBJECT,
    FIND_OBJECTS_WITHOUT_EVENT,
    FIND_EVENTS_OUT_OF_ORDER,
    FIND_ANSWERS_WITHOUT_OBJECT,
    FIND_PAYMENTS_NOT_APPLIED,
    FIND_APPLICATIONS_WITHOUT_ENTRY,
    FIND_ENTRIES_WITHOUT_APPLICATION,
    FIND_BILLS_PAID_OTHERWISE,
    FIND_APPLICATIONS_WITHOUT_EVENT,
)
"""Each gives tenant_id, object_id and detail of what is wrong; nothing where the books are right."""
