-- Tenants' data in cells: each table of it begins with (cell, tenant_id), as wide together as the tenant_id was before.
-- All that is there belongs to cell 1. A column cannot be put in front of others, so tables are made anew and filled.

do $$
declare
    outgrown text;
    taken    text;
begin
    foreach outgrown in array array[
        'tenants', 'api_keys', 'default_payment_rules', 'customers', 'accounts', 'bills', 'payments',
        'payment_applications', 'metadata_pairs', 'entries', 'events', 'webhook_endpoints', 'webhook_lanes',
        'webhook_deliveries', 'idempotency_keys'
    ] loop
        for taken in select conname from pg_constraint where conrelid = outgrown::regclass
        loop
            execute format('alter table %I rename constraint %I to %I', outgrown, taken, 'outgrown_' || taken);
        end loop;
        for taken in
            select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
             where x.indrelid = outgrown::regclass and not i.relname like 'outgrown\_%'
        loop
            execute format('alter index %I rename to %I', taken, 'outgrown_' || taken);
        end loop;
        execute format('alter table %I rename to %I', outgrown, 'outgrown_' || outgrown);
    end loop;
end
$$;

alter sequence tenants_id_seq rename to outgrown_tenants_id_seq;

create table tenants (
    id                   integer generated always as identity primary key,
    merchant_id          text collate "C" not null references merchants,
    mode                 text not null,
    cell                 integer not null,
    events_forgotten_to  bigint not null default 0,
    clock_offset_seconds bigint not null default 0,
    constraint tenants_one_per_mode unique (merchant_id, mode),
    constraint tenants_cell_is_one check (cell >= 1),
    constraint tenants_mode_is_known check (mode in ('test', 'live')),
    constraint tenants_clock_is_ahead_in_test_mode_alone
        check (clock_offset_seconds between 0 and case mode when 'test' then 315576000 else 0 end)
);

insert into tenants (id, merchant_id, mode, cell, events_forgotten_to, clock_offset_seconds)
overriding system value
select id, merchant_id, mode, 1, events_forgotten_to, clock_offset_seconds
  from outgrown_tenants;

create table api_keys (
    tenant_id  integer not null references tenants,
    id         text collate "C" not null,
    kind       text not null,
    sha256     bytea not null,
    last_four  text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, id),
    constraint api_keys_sha256_is_unique unique (sha256),
    constraint api_keys_kind_is_known check (kind in ('secret', 'public', 'collector')),
    constraint api_keys_sha256_is_one check (length(sha256) = 32)
);

insert into api_keys (tenant_id, id, kind, sha256, last_four, created_at, expires_at, revoked_at)
select tenant_id, id, kind, sha256, last_four, created_at, expires_at, revoked_at
  from outgrown_api_keys;

create table default_payment_rules (
    cell          integer not null,
    tenant_id     integer not null references tenants,
    kind          text not null,
    currency      text not null,
    payment_rules jsonb not null,
    primary key (cell, tenant_id, kind, currency),
    constraint default_payment_rules_kind_is_known check (kind in ('customer', 'account', 'bill')),
    constraint default_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

insert into default_payment_rules (cell, tenant_id, kind, currency, payment_rules)
select 1, tenant_id, kind, currency, payment_rules
  from outgrown_default_payment_rules;

create table customers (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    name               text,
    email              text,
    phone              text,
    currency           text,
    balance            bigint,
    payment_rules      jsonb,
    metadata           jsonb,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint customers_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint customers_balance_has_currency check (balance is null or currency is not null),
    constraint customers_balance_is_safe check (balance between -9007199254740991 and 9007199254740991),
    constraint customers_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

insert into customers (cell, tenant_id, id, external_reference, name, email, phone, currency, balance, payment_rules, metadata, created_at)
select 1, tenant_id, id, external_reference, name, email, phone, currency, balance, payment_rules, metadata, created_at
  from outgrown_customers;

create table accounts (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    customer_id        text collate "C" not null,
    name               text,
    currency           text,
    balance            bigint,
    payment_rules      jsonb,
    metadata           jsonb,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint accounts_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint accounts_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint accounts_balance_has_currency check (balance is null or currency is not null),
    constraint accounts_balance_is_safe check (balance between -9007199254740991 and 9007199254740991),
    constraint accounts_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

insert into accounts (cell, tenant_id, id, external_reference, customer_id, name, currency, balance, payment_rules, metadata, created_at)
select 1, tenant_id, id, external_reference, customer_id, name, currency, balance, payment_rules, metadata, created_at
  from outgrown_accounts;

create table bills (
    cell               integer not null,
    tenant_id          integer not null,
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
    primary key (cell, tenant_id, id),
    constraint bills_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint bills_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint bills_account_exists foreign key (cell, tenant_id, account_id) references accounts (cell, tenant_id, id),
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

insert into bills (cell, tenant_id, id, external_reference, customer_id, account_id, currency, amount_due, amount_paid, status, bill_on, due_on, payment_rules, metadata, created_at)
select 1, tenant_id, id, external_reference, customer_id, account_id, currency, amount_due, amount_paid, status, bill_on, due_on, payment_rules, metadata, created_at
  from outgrown_bills;

create table payments (
    cell               integer not null,
    tenant_id          integer not null,
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
    primary key (cell, tenant_id, id),
    constraint payments_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint payments_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint payments_account_exists foreign key (cell, tenant_id, account_id) references accounts (cell, tenant_id, id),
    constraint payments_bill_exists foreign key (cell, tenant_id, bill_id) references bills (cell, tenant_id, id),
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

insert into payments (cell, tenant_id, id, external_reference, amount, currency, status, customer_id, account_id, bill_id, method, paid_at, collector_id, reversal_reason, reversal_note, reversed_at, metadata, created_at)
select 1, tenant_id, id, external_reference, amount, currency, status, customer_id, account_id, bill_id, method, paid_at, collector_id, reversal_reason, reversal_note, reversed_at, metadata, created_at
  from outgrown_payments;

create table payment_applications (
    cell       integer not null,
    tenant_id  integer not null,
    payment_id text collate "C" not null,
    number     smallint not null,
    id         text collate "C" not null,
    owner_id   text collate "C" not null,
    amount     bigint not null,
    primary key (cell, tenant_id, payment_id, number),
    constraint payment_applications_of_an_owner_are_one unique (cell, tenant_id, owner_id, payment_id),
    constraint payment_applications_payment_exists
        foreign key (cell, tenant_id, payment_id) references payments (cell, tenant_id, id),
    constraint payment_applications_amount_is_safe check (amount between 1 and 9007199254740991)
);

insert into payment_applications (cell, tenant_id, payment_id, number, id, owner_id, amount)
select 1, tenant_id, payment_id, number, id, owner_id, amount
  from outgrown_payment_applications;

create table metadata_pairs (
    cell      integer not null,
    tenant_id integer not null,
    pair      bytea not null,
    object_id text collate "C" not null,
    primary key (cell, tenant_id, pair, object_id)
);

insert into metadata_pairs (cell, tenant_id, pair, object_id)
select 1, tenant_id, pair, object_id
  from outgrown_metadata_pairs;

create table entries (
    cell            integer not null,
    tenant_id       integer not null,
    owner_id        text collate "C" not null,
    number          bigint not null,
    id              text collate "C" not null,
    kind            text not null,
    currency        text not null,
    amount          bigint not null,
    balance_after   bigint not null,
    reason          text,
    request_id      text not null,
    idempotency_key text,
    created_at      timestamptz not null,
    hash            bytea not null,
    payment_id      text collate "C",
    primary key (cell, tenant_id, owner_id, number),
    constraint entries_kind_is_known check (kind in ('opening', 'adjustment', 'payment', 'reversal', 'closing')),
    constraint entries_of_payments_name_them
        check ((kind in ('payment', 'reversal')) = (payment_id is not null)),
    constraint entries_first_is_the_balance check (number > 1 or amount = balance_after),
    constraint entries_are_safe check (
        amount between -9007199254740991 and 9007199254740991
        and balance_after between -9007199254740991 and 9007199254740991
    ),
    constraint entries_hash_is_one check (length(hash) = 32)
);

insert into entries (cell, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id, idempotency_key, created_at, hash, payment_id)
select 1, tenant_id, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id, idempotency_key, created_at, hash, payment_id
  from outgrown_entries;

create table events (
    cell       integer not null,
    tenant_id  integer not null,
    id         text collate "C" not null,
    type       text not null,
    object_id  text collate "C" not null,
    data       json,
    created_at timestamptz not null,
    sequence   bigint not null,
    position   bigint not null
        default case when pg_current_xact_id() is not null then nextval('event_positions') end,
    primary key (cell, tenant_id, id)
);

insert into events (cell, tenant_id, id, type, object_id, data, created_at, sequence, position)
select 1, tenant_id, id, type, object_id, data, created_at, sequence, position
  from outgrown_events;

create table webhook_endpoints (
    cell             integer not null,
    tenant_id        integer not null,
    id               text collate "C" not null,
    url              text not null,
    event_types      text[],
    description      text,
    status           text not null default 'enabled',
    disabled_reason  text,
    secret           text not null,
    old_secret       text,
    old_secret_until timestamptz,
    position         bigint not null,
    failures         bigint not null default 0,
    failing_since    timestamptz,
    held_until       timestamptz,
    leased_by        text,
    leased_until     timestamptz,
    created_at       timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint webhook_endpoints_status_is_known check (
        case status
            when 'enabled' then disabled_reason is null
            when 'disabled' then disabled_reason in ('asked', 'failing', 'gone')
            else false
        end
    ),
    constraint webhook_endpoints_lease_is_whole check ((leased_by is null) = (leased_until is null))
);

insert into webhook_endpoints (cell, tenant_id, id, url, event_types, description, status, disabled_reason, secret, old_secret, old_secret_until, position, failures, failing_since, held_until, leased_by, leased_until, created_at)
select 1, tenant_id, id, url, event_types, description, status, disabled_reason, secret, old_secret, old_secret_until, position, failures, failing_since, held_until, leased_by, leased_until, created_at
  from outgrown_webhook_endpoints;

create table webhook_lanes (
    cell            integer not null,
    tenant_id       integer not null,
    endpoint_id     text collate "C" not null,
    id              text collate "C" not null,
    object_id       text collate "C" not null,
    sequence        bigint not null,
    last_sequence   bigint,
    any_type        boolean not null default false,
    failed_only     boolean not null default false,
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null,
    primary key (cell, tenant_id, endpoint_id, id)
);

insert into webhook_lanes (cell, tenant_id, endpoint_id, id, object_id, sequence, last_sequence, any_type, failed_only, attempts, next_attempt_at)
select 1, tenant_id, endpoint_id, id, object_id, sequence, last_sequence, any_type, failed_only, attempts, next_attempt_at
  from outgrown_webhook_lanes;

create table webhook_deliveries (
    cell            integer not null,
    tenant_id       integer not null,
    endpoint_id     text collate "C" not null,
    event_id        text collate "C" not null,
    event_type      text not null,
    status          text not null,
    attempts        jsonb not null,
    next_attempt_at timestamptz,
    primary key (cell, tenant_id, endpoint_id, event_id),
    constraint webhook_deliveries_status_is_known
        check (status in ('succeeded', 'failed', 'pending') and (status = 'pending') = (next_attempt_at is not null))
);

insert into webhook_deliveries (cell, tenant_id, endpoint_id, event_id, event_type, status, attempts, next_attempt_at)
select 1, tenant_id, endpoint_id, event_id, event_type, status, attempts, next_attempt_at
  from outgrown_webhook_deliveries;

create table idempotency_keys (
    cell        integer not null,
    tenant_id   integer not null,
    key         text collate "C" not null,
    fingerprint bytea not null,
    method      text not null,
    path        text not null,
    status      smallint not null,
    body        bytea not null,
    request_id  text not null,
    object_id   text,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    primary key (cell, tenant_id, key)
);

insert into idempotency_keys (cell, tenant_id, key, fingerprint, method, path, status, body, request_id, object_id, created_at, expires_at)
select 1, tenant_id, key, fingerprint, method, path, status, body, request_id, object_id, created_at, expires_at
  from outgrown_idempotency_keys;

select setval('tenants_id_seq', coalesce(max(id), 1), max(id) is not null) from tenants;

create index customers_by_currency on customers (cell, tenant_id, currency, id);
create index accounts_by_customer on accounts (cell, tenant_id, customer_id, id);
create index accounts_by_currency on accounts (cell, tenant_id, currency, id);
create index bills_by_customer on bills (cell, tenant_id, customer_id, id);
create index bills_by_account on bills (cell, tenant_id, account_id, id) where account_id is not null;
create index bills_by_status on bills (cell, tenant_id, status, id);
create index bills_by_currency on bills (cell, tenant_id, currency, id);
create index bills_open_by_customer on bills (cell, tenant_id, customer_id, currency, due_on, bill_on, id)
 where status = 'unpaid';
create index bills_open_by_account on bills (cell, tenant_id, account_id, currency, due_on, bill_on, id)
 where status = 'unpaid';
create index payments_by_customer on payments (cell, tenant_id, customer_id, id);
create index payments_by_account on payments (cell, tenant_id, account_id, id) where account_id is not null;
create index payments_by_status on payments (cell, tenant_id, status, id);
create index payments_by_currency on payments (cell, tenant_id, currency, id);
create index payments_by_collector on payments (cell, tenant_id, collector_id, id) where collector_id is not null;
create index payments_by_reversal on payments (cell, tenant_id, reversed_at) where reversed_at is not null;
create unique index events_by_object on events (cell, tenant_id, object_id, sequence);
create unique index events_by_type on events (cell, tenant_id, type, position) where data is not null;
create unique index webhook_lanes_one_for_what_is_new on webhook_lanes (cell, tenant_id, endpoint_id, object_id)
    where last_sequence is null;
create index webhook_lanes_by_time on webhook_lanes (cell, tenant_id, endpoint_id, next_attempt_at);
create index webhook_deliveries_that_failed on webhook_deliveries (cell, tenant_id, endpoint_id, event_id)
    where status = 'failed';
create index idempotency_keys_by_expiry on idempotency_keys (cell, expires_at);

create trigger entries_are_immutable before update or delete on entries
    for each row execute function refuse_to_change_entries();

create trigger entries_are_not_truncated before truncate on entries
    for each statement execute function refuse_to_change_entries();

create trigger webhook_endpoints_are_announced after insert or update of status on webhook_endpoints
    for each statement execute function tell_of_webhook_endpoints();

drop table outgrown_idempotency_keys, outgrown_webhook_deliveries, outgrown_webhook_lanes, outgrown_webhook_endpoints, outgrown_events, outgrown_entries, outgrown_metadata_pairs, outgrown_payment_applications, outgrown_payments, outgrown_bills, outgrown_accounts, outgrown_customers, outgrown_default_payment_rules, outgrown_api_keys, outgrown_tenants;
