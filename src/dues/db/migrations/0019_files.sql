-- Files in and out: what takes longer than a request, the bytes of it, and a verdict for each row.

alter table merchants add column file_settings jsonb;
alter table merchants add constraint merchants_file_settings_are_an_object check (jsonb_typeof(file_settings) = 'object');

alter table tenants add column identity_key bytea not null
    default sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea);

create table jobs (
    cell            integer not null,
    tenant_id       integer not null,
    id              text collate "C" not null,
    status          text not null,
    input           jsonb not null,
    rows_total      integer not null default 0,
    counts          jsonb not null default '{}',
    position        integer not null default 0,
    read_to         bigint not null default 0,
    bytes_total     bigint not null default 0,
    sha256          bytea,
    error           jsonb,
    actor           text collate "C",
    idempotency_key text collate "C",
    leased_by       text collate "C",
    leased_until    timestamptz,
    is_to_stop      boolean not null default false,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    completed_at    timestamptz,
    expires_at      timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint jobs_key_is_unique unique (cell, tenant_id, idempotency_key),
    constraint jobs_status_is_known
        check (status in ('receiving', 'checking', 'applying', 'exporting', 'completed', 'stopped', 'failed')),
    constraint jobs_position_is_inside check (position >= 0 and read_to >= 0 and rows_total >= 0)
);

create index jobs_under_way on jobs (cell, updated_at) where status in ('checking', 'applying', 'exporting');
create index jobs_by_digest on jobs (cell, tenant_id, sha256) where sha256 is not null;
create index jobs_by_expiry on jobs (cell, expires_at);

create table job_chunks (
    cell      integer not null,
    tenant_id integer not null,
    job_id    text collate "C" not null,
    number    integer not null,
    data      bytea not null,
    primary key (cell, tenant_id, job_id, number)
);
alter table job_chunks alter column data set storage external;

create table import_rows (
    cell      integer not null,
    tenant_id integer not null,
    import_id text collate "C" not null,
    line      integer not null,
    ends_at   bigint not null,
    key       bytea,
    digest    bytea not null,
    verdict   text,
    codes     text[],
    columns   text[],
    details   text[],
    object_id text collate "C",
    primary key (cell, tenant_id, import_id, line),
    constraint import_rows_key_is_unique unique (cell, tenant_id, import_id, key),
    constraint import_rows_verdict_is_known
        check (verdict in ('created', 'updated', 'unchanged', 'rejected', 'conflict'))
);

create table imported_rows (
    cell       integer not null,
    tenant_id  integer not null,
    namespace  text collate "C" not null,
    key        bytea not null,
    digest     bytea not null,
    object_id  text collate "C" not null,
    primary key (cell, tenant_id, namespace, key)
);

create table customer_identities (
    cell        integer not null,
    tenant_id   integer not null,
    customer_id text collate "C" not null,
    digest      bytea not null,
    last_three  text not null,
    primary key (cell, tenant_id, customer_id)
);
create index customer_identities_by_digest on customer_identities (cell, tenant_id, digest);
