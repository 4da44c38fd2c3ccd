-- Requests for one payment of a fixed amount, each with a page of its own.

alter table pay_links add column request_id text collate "C";

create table payment_requests (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C",
    amount             bigint not null,
    currency           text not null,
    description        text,
    payment_link_id    text collate "C" not null,
    target             text not null,
    owner_id           text collate "C" not null,
    customer_id        text collate "C" not null,
    bill_ids           jsonb,
    status             text not null,
    payment_id         text collate "C",
    expires_at         timestamptz not null,
    metadata           jsonb,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint payment_requests_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint payment_requests_link_exists
        foreign key (cell, tenant_id, payment_link_id) references pay_links (cell, tenant_id, id),
    constraint payment_requests_status_is_known check (
        status in ('active', 'paid', 'expired', 'failed') and (status = 'paid') = (payment_id is not null)
    ),
    constraint payment_requests_amount_is_safe check (amount between 1 and 9007199254740991)
);

create index payment_requests_by_customer on payment_requests (cell, tenant_id, customer_id, id);
