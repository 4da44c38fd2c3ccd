"""What payments, their applications and refunds say, against their entries and against each other, in one cell."""

FIND_PAYMENTS_NOT_WHOLE = """
select p.tenant_id, p.id as object_id,
       'is a payment of ' || p.amount || ' (' || p.status || '), but ' || coalesce(x.live, 0) || ' is applied, '
       || p.amount_unapplied || ' held, ' || p.amount_refunded || ' refunded, and ' || coalesce(back.amount, 0)
       || ' was held when it was reversed' as detail
  from payments p
  left join (
           select tenant_id, payment_id, sum(amount - released) as live
             from payment_applications
            where cell = $1
            group by tenant_id, payment_id
       ) as x on x.tenant_id = p.tenant_id and x.payment_id = p.id
  left join (
           select tenant_id, owner_id, -sum(amount) as amount
             from entries
            where cell = $1 and kind = 'reversal' and owner_id like 'pay\\_%'
            group by tenant_id, owner_id
       ) as back on back.tenant_id = p.tenant_id and back.owner_id = p.id
 where p.cell = $1
   and (p.amount <> coalesce(x.live, 0) + p.amount_unapplied + p.amount_refunded + coalesce(back.amount, 0)
        or (p.status = 'reversed') <> (p.reversed_at is not null)
        or case p.status when 'reversed' then p.amount_unapplied <> 0 else back.amount is not null end)
 limit 1000
"""

FIND_REFUNDS_WITHOUT_ENTRY = """
select coalesce(r.tenant_id, e.tenant_id) as tenant_id, coalesce(r.payment_id, e.owner_id) as object_id,
       'has ' || coalesce(r.number, 0) || ' refunds of ' || coalesce(r.amount, e.amount) || ' '
       || coalesce(r.currency, e.currency) || ', but its entries say ' || coalesce(e.number, 0) as detail
  from (select tenant_id, payment_id, amount, currency, count(*) as number
          from refunds
         where cell = $1
         group by tenant_id, payment_id, amount, currency) as r
  full join (
           select tenant_id, owner_id, -amount as amount, currency, count(*) as number
             from entries
            where cell = $1 and kind = 'refund'
            group by 1, 2, 3, 4
       ) as e on e.tenant_id = r.tenant_id and e.owner_id = r.payment_id and e.amount = r.amount
             and e.currency = r.currency
 where r.number is distinct from e.number
 limit 1000
"""

FIND_PAYMENTS_REFUNDED_OTHERWISE = """
select p.tenant_id, p.id as object_id,
       'says ' || p.amount_refunded || ' was refunded, but its refunds come to ' || coalesce(r.amount, 0) as detail
  from payments p
  left join (select tenant_id, payment_id, sum(amount) as amount from refunds where cell = $1 group by 1, 2) as r
    on r.tenant_id = p.tenant_id and r.payment_id = p.id
 where p.cell = $1 and p.amount_refunded <> coalesce(r.amount, 0)
 limit 1000
"""

FIND_PAYMENTS_IN_ANOTHER_CURRENCY = """
select p.tenant_id, p.id as object_id,
       'is in ' || p.currency || ', but its entry ' || e.id || ' of ' || e.owner_id || ' is in ' || e.currency as detail
  from payments p
  join entries e on e.cell = $1 and e.tenant_id = p.tenant_id and e.payment_id = p.id
 where p.cell = $1 and e.currency <> p.currency
 limit 1000
"""

FIND_APPLICATIONS_WITHOUT_ENTRY = """
select x.tenant_id, x.owner_id as object_id,
       'has ' || x.amount || ' of the payment ' || x.payment_id || ' (' || x.status || ') applied in ' || x.number
       || ', ' || x.released || ' released and ' || x.back || ' reversed in ' || x.reversals || ', but its entries say '
       || coalesce(e.amount, 0) || ' in ' || coalesce(e.number, 0) || ', ' || coalesce(e.released, 0) || ' and '
       || coalesce(e.back, 0) || ' in ' || coalesce(e.reversals, 0) as detail
  from (select a.tenant_id, a.payment_id, a.owner_id, p.status, count(*) as number, sum(a.amount) as amount,
               sum(a.released) as released,
               count(*) filter (where p.status = 'reversed' and a.amount - a.released > a.not_restored) as reversals,
               coalesce(sum(a.amount - a.released - a.not_restored) filter (where p.status = 'reversed'), 0) as back
          from payment_applications a
          join payments p on p.cell = $1 and p.tenant_id = a.tenant_id and p.id = a.payment_id
         where a.cell = $1
         group by a.tenant_id, a.payment_id, a.owner_id, p.status) as x
  left join (
           select s.tenant_id, s.payment_id, s.owner_id, count(*) filter (where s.kind = 'payment') as number,
                  coalesce(sum(s.paid) filter (where s.kind = 'payment'), 0) as amount,
                  coalesce(-sum(s.paid) filter (where s.kind = 'release'), 0) as released,
                  count(*) filter (where s.kind = 'reversal') as reversals,
                  coalesce(-sum(s.paid) filter (where s.kind = 'reversal'), 0) as back
             from (select tenant_id, payment_id, owner_id, kind,
                          case when owner_id like 'bill\\_%' then amount else -amount end as paid
                     from entries
                    where cell = $1 and payment_id <> owner_id) as s
            group by s.tenant_id, s.payment_id, s.owner_id
       ) as e on e.tenant_id = x.tenant_id and e.payment_id = x.payment_id and e.owner_id = x.owner_id
 where (x.number, x.amount, x.released, x.reversals, x.back)
       is distinct from (e.number, e.amount, e.released, e.reversals, e.back)
 limit 1000
"""
"""One entry for each application, and for each that a reversal could take back; what is released of several
applications may be one. A bill's entries of payments are above zero, a balance's below."""

FIND_ENTRIES_WITHOUT_APPLICATION = """
select e.tenant_id, e.owner_id as object_id,
       'has the entry ' || e.id || ' of the payment ' || e.payment_id || ', which was not applied to it' as detail
  from entries e
 where e.cell = $1 and e.payment_id <> e.owner_id
   and not exists (select from payment_applications x
                    where x.cell = $1 and x.tenant_id = e.tenant_id and x.owner_id = e.owner_id
                      and x.payment_id = e.payment_id)
 limit 1000
"""

FIND_APPLICATIONS_THAT_CONTRADICT = """
select x.tenant_id, x.payment_id as object_id,
       'says of ' || x.id || ' that ' || x.released || ' of ' || x.amount || ' is released and ' || x.not_restored
       || ' not restored (' || coalesce(x.not_restored_reason, 'for no reason') || '), but is ' || p.status as detail
  from payment_applications x
  join payments p on p.cell = $1 and p.tenant_id = x.tenant_id and p.id = x.payment_id
 where x.cell = $1
   and (x.released not between 0 and x.amount or x.not_restored not between 0 and x.amount - x.released
        or (x.not_restored > 0) <> (x.not_restored_reason is not null)
        or x.not_restored > 0 and p.status <> 'reversed')
 limit 1000
"""

FIND_PAYMENTS_LISTED_ELSEWHERE = """
select coalesce(due.tenant_id, l.tenant_id) as tenant_id, coalesce(due.payment_id, l.payment_id) as object_id,
       case when l.owner_id is null then 'is not listed under ' || due.owner_id || ', though it went there'
            else 'is listed under ' || l.owner_id || ', where it never went, or is listed without' end as detail
  from (select p.tenant_id, p.id as payment_id, p.bill_id as owner_id
          from payments p
         where p.cell = $1 and p.bill_id is not null
         union
        select x.tenant_id, x.payment_id, one.id
          from payment_applications x
          join payments p on p.cell = $1 and p.tenant_id = x.tenant_id and p.id = x.payment_id
          left join bills b on b.cell = $1 and b.tenant_id = x.tenant_id and b.id = x.owner_id
          left join accounts a on a.cell = $1 and a.tenant_id = x.tenant_id and a.id = x.owner_id
         cross join lateral (values (x.owner_id), (b.account_id), (b.customer_id), (a.customer_id)) as one(id)
         where x.cell = $1 and one.id <> p.customer_id and one.id is distinct from p.account_id) as due
  full join (select tenant_id, payment_id, owner_id from payment_links where cell = $1) as l
    on l.tenant_id = due.tenant_id and l.payment_id = due.payment_id and l.owner_id = due.owner_id
 where l.owner_id is null or due.owner_id is null
 limit 1000
"""

FIND_PAYMENTS_OF_OTHERS = """
select p.tenant_id, p.id as object_id,
       'is of ' || concat_ws(' and ', p.customer_id, p.account_id, p.bill_id) || ', which are not of each other'
         as detail
  from payments p
  left join accounts a on a.cell = $1 and a.tenant_id = p.tenant_id and a.id = p.account_id
  left join bills b on b.cell = $1 and b.tenant_id = p.tenant_id and b.id = p.bill_id
 where p.cell = $1
   and (p.account_id is not null and a.customer_id is distinct from p.customer_id
        or p.bill_id is not null and (b.customer_id, b.account_id) is distinct from (p.customer_id, p.account_id))
 limit 1000
"""

FIND_PAYMENTS_REPRESENTED_OTHERWISE = """
select p.tenant_id, p.id as object_id,
       'says that it represents ' || p.represents || ', which does not say so, or was not reversed' as detail
  from payments p
  left join payments q on q.cell = $1 and q.tenant_id = p.tenant_id and q.id = p.represents
 where p.cell = $1 and p.represents is not null
   and (q.represented_by is distinct from p.id or q.status is distinct from 'reversed')
 union all
select q.tenant_id, q.id, 'says that it came again as ' || q.represented_by || ', which does not say so'
  from payments q
  left join payments p on p.cell = $1 and p.tenant_id = q.tenant_id and p.id = q.represented_by
 where q.cell = $1 and q.represented_by is not null and p.represents is distinct from q.id
 limit 1000
"""

OF_PAYMENTS = (
    FIND_PAYMENTS_NOT_WHOLE,
    FIND_REFUNDS_WITHOUT_ENTRY,
    FIND_PAYMENTS_REFUNDED_OTHERWISE,
    FIND_PAYMENTS_IN_ANOTHER_CURRENCY,
    FIND_APPLICATIONS_WITHOUT_ENTRY,
    FIND_ENTRIES_WITHOUT_APPLICATION,
    FIND_APPLICATIONS_THAT_CONTRADICT,
    FIND_PAYMENTS_LISTED_ELSEWHERE,
    FIND_PAYMENTS_OF_OTHERS,
    FIND_PAYMENTS_REPRESENTED_OTHERWISE,
)
"""Each gives tenant_id, object_id and detail of what is wrong; nothing where the books are right."""
