-- People who work at the desk, how they are let in, and what each of them did.

create table people (
    id              text collate "C" primary key,
    merchant_id     text collate "C" not null references merchants,
    email           text not null,
    name            text not null,
    role            text not null,
    password_hash   text not null,
    totp_secret     text,
    totp_last_step  bigint not null default 0,
    created_at      timestamptz not null,
    removed_at      timestamptz,
    constraint people_role_is_known check (role in ('viewer', 'support', 'cashier', 'accountant', 'admin'))
);

create unique index people_by_email on people (email) where removed_at is null;
create index people_by_merchant on people (merchant_id, id);

create table invitations (
    id           text collate "C" primary key,
    merchant_id  text collate "C" not null references merchants,
    email        text not null,
    role         text not null,
    token_sha256 bytea not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    used_at      timestamptz,
    constraint invitations_token_is_unique unique (token_sha256),
    constraint invitations_role_is_known check (role in ('viewer', 'support', 'cashier', 'accountant', 'admin'))
);

create table sessions (
    id           text collate "C" primary key,
    person_id    text collate "C" not null references people,
    token_sha256 bytea not null,
    mode         text not null,
    address      text not null,
    browser      text not null,
    created_at   timestamptz not null,
    seen_at      timestamptz not null,
    ended_at     timestamptz,
    constraint sessions_token_is_unique unique (token_sha256),
    constraint sessions_mode_is_known check (mode in ('test', 'live'))
);

create index sessions_by_person on sessions (person_id, id);

create table audit (
    cell       integer not null,
    tenant_id  integer not null,
    id         text collate "C" not null,
    actor      text collate "C" not null,
    operation  text not null,
    object_id  text collate "C" not null,
    request_id text collate "C" not null,
    address    text not null,
    created_at timestamptz not null,
    primary key (cell, tenant_id, id)
);

create index audit_by_actor on audit (cell, tenant_id, actor, id);
create index audit_by_object on audit (cell, tenant_id, object_id, id);
