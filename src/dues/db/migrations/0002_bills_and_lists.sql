-- Bills, what lists are filtered by, and the pairs of metadata.

create table bills (
    tenant_id          bigint not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    customer_id        text collate "C" not null,
    account_id         text collate "C",
    currency           text not null,
    amount_due         bigint not null,
    amount_paid        bigint not null default 0,
    status             text not null default 'unpaid',
    bill_on            date not null,
    due_on             date,
    payment_rules      jsonb,
    metadata           jsonb,
    created_at         timestamptz not null,
    primary key (tenant_id, id),
    constraint bills_reference_is_unique unique (tenant_id, external_reference),
    constraint bills_customer_exists foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint bills_account_exists foreign key (tenant_id, account_id) references accounts (tenant_id, id),
    constraint bills_amounts_are_safe check (
        amount_due between 1 and 9007199254740991 and amount_paid between 0 and 9007199254740991
    ),
    constraint bills_status_follows_amounts check (
        status = case when amount_paid >= amount_due then 'paid' else 'unpaid' end
        or (status = 'voided' and amount_paid = 0)
    ),
    constraint bills_are_not_due_before_they_are_made check (due_on >= bill_on),
    constraint bills_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

create index customers_by_currency on customers (tenant_id, currency, id);
create index accounts_by_customer on accounts (tenant_id, customer_id, id);
create index accounts_by_currency on accounts (tenant_id, currency, id);
create index bills_by_customer on bills (tenant_id, customer_id, id);
create index bills_by_account on bills (tenant_id, account_id, id) where account_id is not null;
create index bills_by_status on bills (tenant_id, status, id);
create index bills_by_currency on bills (tenant_id, currency, id);

create table metadata_pairs (
    tenant_id bigint not null,
    pair      bytea not null,
    object_id text collate "C" not null,
    primary key (tenant_id, pair, object_id)
);
