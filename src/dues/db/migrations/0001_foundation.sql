-- The tables of the foundation: directory, customers, accounts, ledger, events, idempotency keys.

create table merchants (
    id         text collate "C" primary key,
    name       text not null,
    created_at timestamptz not null
);

create table tenants (
    id          bigint generated always as identity primary key,
    merchant_id text collate "C" not null references merchants,
    mode        text not null,
    constraint tenants_one_per_mode unique (merchant_id, mode),
    constraint tenants_mode_is_known check (mode in ('test', 'live'))
);

create table api_keys (
    tenant_id  bigint not null references tenants,
    id         text collate "C" not null,
    kind       text not null,
    sha256     bytea not null,
    last_four  text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, id),
    constraint api_keys_sha256_is_unique unique (sha256),
    constraint api_keys_kind_is_known check (kind in ('secret', 'public')),
    constraint api_keys_sha256_is_one check (length(sha256) = 32)
);

create table default_payment_rules (
    tenant_id     bigint not null references tenants,
    kind          text not null,
    currency      text not null,
    payment_rules jsonb not null,
    primary key (tenant_id, kind, currency),
    constraint default_payment_rules_kind_is_known check (kind in ('customer', 'account', 'bill')),
    constraint default_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

create table customers (
    tenant_id          bigint not null,
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
    primary key (tenant_id, id),
    constraint customers_reference_is_unique unique (tenant_id, external_reference),
    constraint customers_balance_has_currency check (balance is null or currency is not null),
    constraint customers_balance_is_safe check (balance between -9007199254740991 and 9007199254740991),
    constraint customers_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

create table accounts (
    tenant_id          bigint not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    customer_id        text collate "C" not null,
    name               text,
    currency           text,
    balance            bigint,
    payment_rules      jsonb,
    metadata           jsonb,
    created_at         timestamptz not null,
    primary key (tenant_id, id),
    constraint accounts_reference_is_unique unique (tenant_id, external_reference),
    constraint accounts_customer_exists foreign key (tenant_id, customer_id) references customers (tenant_id, id),
    constraint accounts_balance_has_currency check (balance is null or currency is not null),
    constraint accounts_balance_is_safe check (balance between -9007199254740991 and 9007199254740991),
    constraint accounts_payment_rules_agree
        check ((payment_rules ->> 'min_amount')::bigint <= (payment_rules ->> 'max_amount')::bigint)
);

create table entries (
    tenant_id       bigint not null,
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
    primary key (tenant_id, owner_id, number),
    constraint entries_kind_is_known check (kind in ('opening', 'adjustment', 'closing')),
    constraint entries_first_is_the_balance check (number > 1 or amount = balance_after),
    constraint entries_are_safe check (
        amount between -9007199254740991 and 9007199254740991
        and balance_after between -9007199254740991 and 9007199254740991
    ),
    constraint entries_hash_is_one check (length(hash) = 32)
);

create function refuse_to_change_entries() returns trigger language plpgsql as $$
begin
    raise exception 'entries are immutable: correct a balance with another entry';
end
$$;

create trigger entries_are_immutable before update or delete on entries
    for each row execute function refuse_to_change_entries();

create trigger entries_are_not_truncated before truncate on entries
    for each statement execute function refuse_to_change_entries();

create table events (
    tenant_id  bigint not null,
    id         text collate "C" not null,
    type       text not null,
    object_id  text collate "C" not null,
    data       json not null,
    created_at timestamptz not null,
    primary key (tenant_id, id)
);

create table idempotency_keys (
    tenant_id   bigint not null,
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
    primary key (tenant_id, key)
);

create index idempotency_keys_by_expiry on idempotency_keys (expires_at);

