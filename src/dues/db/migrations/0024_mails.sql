-- Receipts and statements that are sent by mail.

create table mails (
    cell               integer not null,
    tenant_id          integer not null,
    id                 text collate "C" not null,
    external_reference text collate "C",
    kind               text not null,
    customer_id        text collate "C" not null,
    account_id         text collate "C",
    payment_id         text collate "C",
    first_on           date,
    last_on            date,
    payment_link_id    text collate "C",
    asked_by           text not null,
    address            text not null,
    language           text not null,
    state              text not null,
    attempts           bigint not null,
    is_unclear         boolean not null,
    reason             text,
    sent_at            timestamptz,
    leased_until       timestamptz,
    created_at         timestamptz not null,
    next_attempt_at    timestamptz not null default now(),
    primary key (cell, tenant_id, id),
    constraint mails_reference_is_unique unique (cell, tenant_id, external_reference),
    constraint mails_customer_exists foreign key (cell, tenant_id, customer_id) references customers (cell, tenant_id, id),
    constraint mails_kind_is_known check (
        kind in ('receipt', 'statement') and (kind = 'receipt') = (payment_id is not null)
        and (kind = 'statement') = (first_on is not null and last_on is not null)
    ),
    constraint mails_state_is_known check (
        state in ('waiting', 'sent', 'failed') and (state = 'sent') = (sent_at is not null)
        and asked_by in ('merchant', 'customer')
    )
);

create index mails_by_customer on mails (cell, tenant_id, customer_id, id);
create index mails_to_be_sent on mails (cell, tenant_id, next_attempt_at) where state = 'waiting';
