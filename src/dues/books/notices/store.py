"""The statements that find what somebody should look at in one cell."""

FIND_BILLS_BELOW_PAYMENTS = """
select tenant_id, id as object_id,
       case when status = 'voided'
            then 'is voided, but payments that stand have ' || amount_applied || ' applied to it'
            when amount_applied + amount_credited >= amount_due
            then 'is unpaid, but payments that stand cover it: they have ' || amount_applied || ' applied to it'
            else 'says ' || amount_paid || ' was paid, but payments that stand have ' || amount_applied
                 || ' applied to it' end as detail
  from bills
 where cell = $1 and amount_applied > amount_paid
 limit 1000
"""
"""Such bills are from before `amount_paid` could not be lowered below what payments brought."""

FIND_MONEY_NOT_RESTORED = """
select tenant_id, payment_id as object_id,
       'was reversed, but ' || not_restored || ' of it could not be taken back from ' || owner_id || ': '
       || not_restored_reason as detail
  from payment_applications
 where cell = $1 and not_restored > 0
 union all
select tenant_id, id, 'was reversed, but ' || amount_refunded || ' of it had gone out again as refunds'
  from payments
 where cell = $1 and status = 'reversed' and amount_refunded > 0
 limit 1000
"""

FIND_MONEY_HELD_LONG = """
select p.tenant_id, p.id as object_id,
       'holds ' || held.amount || ' ' || p.currency || ' for more than 90 days' as detail
  from payments p
  join tenants t on t.cell = $1 and t.id = p.tenant_id
 cross join lateral (
           select now() + make_interval(secs => t.clock_offset_seconds) - interval '90 days' as at
       ) as long_ago
 cross join lateral (
           select sum(e.amount) filter (where e.created_at < long_ago.at or e.amount < 0) as amount
             from entries e
            where e.cell = $1 and e.tenant_id = p.tenant_id and e.owner_id = p.id
       ) as held
 where p.cell = $1 and p.amount_unapplied > 0 and held.amount > 0
 limit 1000
"""
"""What was held first leaves first: so what is left of what was held then is that, less all that has left since."""

NOTICES = (FIND_BILLS_BELOW_PAYMENTS, FIND_MONEY_NOT_RESTORED, FIND_MONEY_HELD_LONG)
"""Each gives tenant_id, object_id and detail of what somebody should look at."""
