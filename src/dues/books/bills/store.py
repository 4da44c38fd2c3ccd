"""What bills and their credits say, against their entries and against each other, in one cell."""

FIND_BILLS_PAID_OTHERWISE = """
select b.tenant_id, b.id as object_id,
       'says ' || b.amount_paid || ' was paid and ' || b.amount_credited || ' credited, but its entries come to '
       || coalesce(told.paid, 0) || ' and ' || coalesce(told.credited, 0) as detail
  from bills b
  left join (
           select tenant_id, owner_id,
                  sum(amount) filter (where kind in ('payment', 'release', 'reversal', 'adjustment')) as paid,
                  sum(amount) filter (where kind in ('credit', 'credit_reversal')) as credited
             from entries
            where cell = $1 and owner_id like 'bill\\_%'
            group by tenant_id, owner_id
       ) as told on told.tenant_id = b.tenant_id and told.owner_id = b.id
 where b.cell = $1 and (b.amount_paid <> coalesce(told.paid, 0) or b.amount_credited <> coalesce(told.credited, 0))
 limit 1000
"""

FIND_BILLS_APPLIED_OTHERWISE = """
select b.tenant_id, b.id as object_id,
       'says ' || b.amount_applied || ' came by payments that stand, but these have ' || coalesce(live.amount, 0)
       || ' applied to it' as detail
  from bills b
  left join (
           select x.tenant_id, x.owner_id, sum(x.amount - x.released) as amount
             from payment_applications x
             join payments p
               on p.cell = $1 and p.tenant_id = x.tenant_id and p.id = x.payment_id and p.status = 'applied'
            where x.cell = $1
            group by x.tenant_id, x.owner_id
       ) as live on live.tenant_id = b.tenant_id and live.owner_id = b.id
 where b.cell = $1 and b.amount_applied <> coalesce(live.amount, 0)
 limit 1000
"""

FIND_BILLS_CREDITED_OTHERWISE = """
select b.tenant_id, b.id as object_id,
       'says ' || b.amount_credited || ' was credited of ' || b.amount_due || ', but its credits come to '
       || coalesce(credits.amount, 0) as detail
  from bills b
  left join (
           select tenant_id, bill_id, sum(amount) as amount
             from bill_credits
            where cell = $1 and reversed_at is null
            group by tenant_id, bill_id
       ) as credits on credits.tenant_id = b.tenant_id and credits.bill_id = b.id
 where b.cell = $1 and (b.amount_credited <> coalesce(credits.amount, 0) or b.amount_credited > b.amount_due)
 limit 1000
"""

FIND_BILLS_AT_IMPOSSIBLE_TIMES = """
select tenant_id, id as object_id,
       case when status <> 'voided' and voided_at is not null then 'is ' || status || ', but says when it was voided'
            else 'was told on ' || overdue_on || ' that it is overdue, but is due ' || coalesce(due_on::text, 'never')
       end as detail
  from bills
 where cell = $1
   and (status <> 'voided' and voided_at is not null or overdue_on is not null and (overdue_on > due_on) is not true)
 limit 1000
"""

FIND_CREDITS_WITHOUT_ENTRY = """
select coalesce(c.tenant_id, e.tenant_id) as tenant_id, coalesce(c.bill_id, e.owner_id) as object_id,
       'has ' || coalesce(c.number, 0) || ' credits of ' || coalesce(c.amount, e.amount) || ' '
       || coalesce(c.currency, e.currency) || ', ' || coalesce(c.reversed, 0)
       || ' of them reversed, but its entries say ' || coalesce(e.number, 0) || ' and '
       || coalesce(e.reversed, 0) as detail
  from (select tenant_id, bill_id, amount, currency, count(*) as number, count(reversed_at) as reversed
          from bill_credits
         where cell = $1
         group by tenant_id, bill_id, amount, currency) as c
  full join (
           select tenant_id, owner_id, case kind when 'credit' then amount else -amount end as amount, currency,
                  count(*) filter (where kind = 'credit') as number,
                  count(*) filter (where kind = 'credit_reversal') as reversed
             from entries
            where cell = $1 and kind in ('credit', 'credit_reversal')
            group by 1, 2, 3, 4
       ) as e on e.tenant_id = c.tenant_id and e.owner_id = c.bill_id and e.amount = c.amount
             and e.currency = c.currency
 where (c.number, c.reversed) is distinct from (e.number, e.reversed)
 limit 1000
"""

OF_BILLS = (
    FIND_BILLS_PAID_OTHERWISE,
    FIND_BILLS_APPLIED_OTHERWISE,
    FIND_BILLS_CREDITED_OTHERWISE,
    FIND_BILLS_AT_IMPOSSIBLE_TIMES,
    FIND_CREDITS_WITHOUT_ENTRY,
)
"""Each gives tenant_id, object_id and detail of what is wrong; nothing where the books are right."""
