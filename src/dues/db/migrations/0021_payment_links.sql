-- Links by which customers see what they owe and pay it, and what they began to pay.

alter table merchants add column bank_account jsonb;
alter table merchants add constraint merchants_bank_account_is_an_object check (jsonb_typeof(bank_account) = 'object');

create table pay_links (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C",
    target             text not null,
    owner_id           text collate "C" not null,
    customer_id        text collate "C" not null,
    bill_ids           jsonb,
    amount             bigint,
    currency           text,
    uses               text not null,
    show               text not null,
    token              text not null,
    token_sha256       text collate "C" not null,
    expires_at         timestamptz not null,
    withdrawn_at       timestamptz,
    payment_count      bigint not null default 0,
    created_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint pay_links_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint pay_links_token_is_unique unique (cell, tenant_id, token_sha256),
    constraint pay_links_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint pay_links_target_is_known check (
        target in ('customer', 'account', 'bills') and (target = 'bills') = (bill_ids is not null)
    ),
    constraint pay_links_uses_are_known check (uses in ('once', 'many') and show in ('names', 'masked')),
    constraint pay_links_amount_has_a_currency check (
        (amount is null) = (currency is null) and amount between 1 and 9007199254740991
    )
);

create index pay_links_by_customer on pay_links (cell, tenant_id, customer_id, id);

create table checkouts (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C" not null,
    payment_link_id    text collate "C" not null,
    adapter            text not null,
    state              text not null,
    amount             bigint not null,
    currency           text not null,
    parts              jsonb not null,
    payment_id         text collate "C",
    reason             text,
    expires_at         timestamptz not null,
    created_at         timestamptz not null,
    charge             jsonb,
    asks               integer not null default 0,
    ask_at             timestamptz not null default now(),
    primary key (cell, tenant_id, id),
    constraint checkouts_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint checkouts_link_exists
        foreign key (cell, tenant_id, payment_link_id) references pay_links (cell, tenant_id, id),
    constraint checkouts_state_is_known check (
        state in ('open', 'paid', 'failed', 'expired', 'orphaned') and (state = 'paid') = (payment_id is not null)
    ),
    constraint checkouts_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index checkouts_by_link on checkouts (cell, tenant_id, payment_link_id, id);
create index checkouts_to_be_asked_for on checkouts (cell, ask_at) where state = 'open';
