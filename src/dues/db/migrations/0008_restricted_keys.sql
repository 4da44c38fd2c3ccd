-- Keys that may do less, less often: what each may do, from where and how much; and what it has moved on a day.

alter table api_keys
    add column rate_limit  text,
    add column allowed     text[],
    add column addresses   cidr[],
    add column max_amount  bigint,
    add column max_per_day bigint,
    add constraint api_keys_rate_limit_is_one check (rate_limit ~ '^[1-9][0-9]{0,6}/[smh]$'),
    add constraint api_keys_limits_are_safe check (
        max_amount between 1 and 9007199254740991 and max_per_day between 1 and 9007199254740991
    );

create table key_spendings (
    cell      integer not null,
    tenant_id integer not null,
    key_id    text collate "C" not null,
    day       date not null,
    number    bigint not null,
    totals    jsonb not null,
    primary key (cell, tenant_id, key_id, day, number)
);

create index key_spendings_by_day on key_spendings (cell, day);
