-- Money that is held, bills that are lowered, refunds, and what stands in the way of a reversal. Existing bills learn how
-- much of what was paid of them came by payments, and when they were voided, as far as events still tell.

alter table bills
    add column amount_applied bigint not null default 0,
    add column amount_credited bigint not null default 0,
    add column voided_at timestamptz,
    add column overdue_on date;

alter table payments
    add column amount_unapplied bigint not null default 0,
    add column amount_refunded bigint not null default 0,
    add column represents text collate "C",
    add column represented_by text collate "C";

alter table payment_applications
    add column released bigint not null default 0,
    add column not_restored bigint not null default 0,
    add column not_restored_reason text;

create table payment_links (
    cell       integer not null,
    tenant_id  integer not null,
    owner_id   text collate "C" not null,
    payment_id text collate "C" not null,
    primary key (cell, tenant_id, owner_id, payment_id)
);

insert into payment_links (cell, tenant_id, owner_id, payment_id)
select p.cell, p.tenant_id, p.bill_id, p.id
  from payments p
 where p.bill_id is not null
 union
select x.cell, x.tenant_id, one.id, x.payment_id
  from payment_applications x
  join payments p on p.cell = x.cell and p.tenant_id = x.tenant_id and p.id = x.payment_id
  left join bills b on b.cell = x.cell and b.tenant_id = x.tenant_id and b.id = x.owner_id
  left join accounts a on a.cell = x.cell and a.tenant_id = x.tenant_id and a.id = x.owner_id
 cross join lateral (values (x.owner_id), (b.account_id), (b.customer_id), (a.customer_id)) as one(id)
 where one.id <> p.customer_id and one.id is distinct from p.account_id;

alter table payment_applications
    drop constraint payment_applications_of_an_owner_are_one,
    add constraint payment_applications_come_to_no_less_than_nothing check (
        released between 0 and amount and not_restored between 0 and amount - released
        and (not_restored > 0) = (not_restored_reason is not null)
    );

alter table payments drop constraint payments_reference_is_unique;
create unique index payments_reference_is_unique on payments (cell, tenant_id, external_reference)
 where represented_by is null;
create index payments_with_money_held on payments (cell, tenant_id, id) where amount_unapplied > 0;
create index payments_held_by_customer on payments (cell, tenant_id, customer_id, id) where amount_unapplied > 0;

alter table payments add constraint payments_parts_are_no_more_than_the_amount check (
    amount_unapplied >= 0 and amount_refunded >= 0 and amount_unapplied + amount_refunded <= amount
    and (status = 'applied' or amount_unapplied = 0)
);

update bills b
   set amount_applied = applied.amount
  from (select x.cell, x.tenant_id, x.owner_id, sum(x.amount) as amount
          from payment_applications x
          join payments p on p.cell = x.cell and p.tenant_id = x.tenant_id and p.id = x.payment_id
         where p.status = 'applied'
         group by x.cell, x.tenant_id, x.owner_id) as applied
 where applied.cell = b.cell and applied.tenant_id = b.tenant_id and applied.owner_id = b.id;

update bills b
   set voided_at = e.created_at
  from events e
 where e.cell = b.cell and e.tenant_id = b.tenant_id and e.object_id = b.id and e.type = 'bill.voided'
   and b.status = 'voided';

alter table bills
    drop constraint bills_amounts_are_safe,
    drop constraint bills_status_follows_amounts,
    add constraint bills_amounts_are_safe check (
        amount_due between 1 and 9007199254740991 and amount_paid between 0 and 9007199254740991
        and amount_applied between 0 and 9007199254740991 and amount_credited between 0 and amount_due
        and amount_paid + amount_credited <= 9007199254740991
    ),
    add constraint bills_status_follows_amounts check (
        status = case when amount_paid + amount_credited >= amount_due then 'paid' else 'unpaid' end
        or (status = 'voided' and amount_paid = 0)
    ),
    add constraint bills_are_voided_at_a_time check (voided_at is null or status = 'voided');

-- Bills whose day has come, and of which nobody was told.
create index bills_to_be_overdue on bills (cell, tenant_id, due_on, id)
 where status = 'unpaid' and overdue_on is null and due_on is not null;

create table bill_credits (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    bill_id            text collate "C" not null,
    external_reference text collate "C",
    kind               text not null,
    amount             bigint not null,
    currency           text not null,
    reason             text not null,
    reversed_at        timestamptz,
    reversal_reason    text,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint bill_credits_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint bill_credits_bill_exists foreign key (cell, tenant_id, bill_id) references bills (cell, tenant_id, id),
    constraint bill_credits_kind_is_known check (kind in ('credit_note', 'write_off', 'rounding')),
    constraint bill_credits_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index bill_credits_by_bill on bill_credits (cell, tenant_id, bill_id, id);

create table refunds (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    payment_id         text collate "C" not null,
    external_reference text collate "C" not null,
    amount             bigint not null,
    currency           text not null,
    reason             text,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint refunds_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint refunds_payment_exists foreign key (cell, tenant_id, payment_id) references payments (cell, tenant_id, id),
    constraint refunds_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index refunds_by_payment on refunds (cell, tenant_id, payment_id, id);

alter table entries
    drop constraint entries_kind_is_known,
    drop constraint entries_of_payments_name_them,
    add constraint entries_kind_is_known check (
        kind in ('opening', 'adjustment', 'payment', 'reversal', 'closing', 'release', 'credit', 'credit_reversal',
                 'hold', 'application', 'refund')
    ),
    add constraint entries_of_payments_name_them check (
        (kind in ('payment', 'reversal', 'release', 'hold', 'application', 'refund')) = (payment_id is not null)
    );

-- What nobody chose limits nothing: rules as a new merchant was given them before are as a new one is given them now.
update default_payment_rules
   set payment_rules = '{"min_amount": 1, "max_amount": 9007199254740991, "underpayment_allowed": true,
                         "overpayment_allowed": false}'
 where (payment_rules ->> 'underpayment_allowed')::boolean and not (payment_rules ->> 'overpayment_allowed')::boolean
   and (payment_rules ->> 'min_amount')::bigint in (100, 1000, 10000)
   and (payment_rules ->> 'max_amount')::bigint = 5000 * (payment_rules ->> 'min_amount')::bigint;
