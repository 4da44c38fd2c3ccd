-- Payments, what they were applied to, and the keys of those who collect them.

create table payments (
    tenant_id          bigint not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    amount             bigint not null,
    currency           text not null,
    status             text not null default 'applied',
    customer_id        text collate "C" not null,
    account_id         text collate "C",
    bill_id            text collate "C",
    method             text,
    paid_at            timestamptz not null,
    collector_id       text collate "C",
    reversal_reason    text,
    reversal_note      text,
    reversed_at        timestamptz,
    metadata           jsonb,
    created_at         timestamptz not null,
    primary key (tenant_id, id),
    constraint payments_reference_is_unique unique (tenant_id, external_reference),
    constraint payments_customer_exists foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint payments_account_exists foreign key (tenant_id, account_id) references accounts (tenant_id, id),
    constraint payments_bill_exists foreign key (tenant_id, bill_id) references bills (tenant_id, id),
    constraint payments_amount_is_safe check (amount between 1 and 9007199254740991),
    constraint payments_reversal_is_whole check (
        case status
            when 'applied' then reversed_at is null and reversal_reason is null and reversal_note is null
            when 'reversed' then
                reversed_at is not null and reversal_reason in ('bounced', 'duplicate', 'fraud', 'other')
            else false
        end
    )
);

create index payments_by_customer on payments (tenant_id, customer_id, id);
create index payments_by_account on payments (tenant_id, account_id, id) where account_id is not null;
create index payments_by_status on payments (tenant_id, status, id);
create index payments_by_currency on payments (tenant_id, currency, id);
create index payments_by_collector on payments (tenant_id, collector_id, id) where collector_id is not null;
create index payments_by_reversal on payments (tenant_id, reversed_at) where reversed_at is not null;

create table payment_applications (
    tenant_id  bigint not null,
    payment_id text collate "C" not null,
    number     smallint not null,
    id         text collate "C" not null,
    owner_id   text collate "C" not null,
    amount     bigint not null,
    primary key (tenant_id, payment_id, number),
    constraint payment_applications_of_an_owner_are_one unique (tenant_id, owner_id, payment_id),
    constraint payment_applications_payment_exists
        foreign key (tenant_id, payment_id) references payments (tenant_id, id),
    constraint payment_applications_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index bills_open_by_customer on bills (tenant_id, customer_id, currency, due_on, bill_on, id)
 where status = 'unpaid';
create index bills_open_by_account on bills (tenant_id, account_id, currency, due_on, bill_on, id)
 where status = 'unpaid';

alter table entries add column payment_id text collate "C";
alter table entries drop constraint entries_kind_is_known;
alter table entries add constraint entries_kind_is_known
    check (kind in ('opening', 'adjustment', 'payment', 'reversal', 'closing'));
alter table entries add constraint entries_of_payments_name_them
    check ((kind in ('payment', 'reversal')) = (payment_id is not null));

alter table api_keys drop constraint api_keys_kind_is_known;
alter table api_keys add constraint api_keys_kind_is_known check (kind in ('secret', 'public', 'collector'));
