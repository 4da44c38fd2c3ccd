"""The statements that read the whole database."""

COUNT_ENTRIES = "select count(*) as entries from entries"

STREAM_ENTRIES = """
select tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id, idempotency_key,
       payment_id, created_at, hash
  from entries
 order by tenant_id, owner_id, number
"""

STREAM_OWNERS = """
select tenant_id, id, currency, balance, null::text as status, null::bigint as amount_due from accounts
 union all
select tenant_id, id, currency, balance, null::text, null::bigint from customers
 union all
select tenant_id, id, currency, amount_paid, status, amount_due from bills
 order by tenant_id, id
"""

FIND_EVENTS_WITHOUT_OBJECT = """
select e.tenant_id, e.id, e.type, e.object_id
  from events e
 where not exists (select from accounts o where o.tenant_id = e.tenant_id and o.id = e.object_id)
   and not exists (select from customers o where o.tenant_id = e.tenant_id and o.id = e.object_id)
   and not exists (select from bills o where o.tenant_id = e.tenant_id and o.id = e.object_id)
 limit 1000
"""

FIND_OBJECTS_WITHOUT_EVENT = """
select o.tenant_id, o.id
  from (select tenant_id, id from accounts
         union all
        select tenant_id, id from customers
         union all
        select tenant_id, id from bills) as o
 where not exists (select from events e
                    where e.tenant_id = o.tenant_id and e.object_id = o.id and e.type like '%.created')
 limit 1000
"""

FIND_ANSWERS_WITHOUT_OBJECT = """
select k.tenant_id, k.key, k.object_id
  from idempotency_keys k
 where k.object_id is not null and k.object_id not like 'ent\\_%'
   and not exists (select from accounts o where o.tenant_id = k.tenant_id and o.id = k.object_id)
   and not exists (select from customers o where o.tenant_id = k.tenant_id and o.id = k.object_id)
   and not exists (select from bills o where o.tenant_id = k.tenant_id and o.id = k.object_id)
 limit 1000
"""
