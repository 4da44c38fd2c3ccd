-- Days that are closed, and what is entered of them afterwards.

create table closings (
    cell            integer not null,
    tenant_id       integer not null,
    id              text collate "C" not null,
    from_on         date,
    through_on      date not null,
    time_zone       text not null,
    begins_at       timestamptz not null,
    ends_at         timestamptz not null,
    totals          jsonb not null,
    actor           text collate "C",
    created_at      timestamptz not null,
    reopened_at     timestamptz,
    reopened_reason text,
    reopened_actor  text collate "C",
    primary key (cell, tenant_id, id),
    constraint closings_are_of_some_time check (begins_at < ends_at and ends_at <= created_at),
    constraint closings_are_reopened_for_a_reason check ((reopened_at is null) = (reopened_reason is null))
);

create unique index closings_in_force on closings (cell, tenant_id, ends_at) where reopened_at is null;

create table late_entries (
    cell           integer not null,
    tenant_id      integer not null,
    id             text collate "C" not null,
    object_id      text collate "C" not null,
    dated_on       date not null,
    closed_through date not null,
    reason         text not null,
    request_id     text not null,
    actor          text collate "C",
    created_at     timestamptz not null,
    primary key (cell, tenant_id, id),
    constraint late_entries_are_late check (dated_on <= closed_through)
);

create table closing_checks (
    cell      integer not null,
    tenant_id integer not null,
    closed_to timestamptz,
    primary key (cell, tenant_id)
);

create function lock_closings() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('closings', new.tenant_id));
    return new;
end
$$;

create trigger closings_are_one_at_a_time before insert or update on closings
    for each row execute function lock_closings();

create function check_closing() returns trigger language plpgsql as $$
begin
    -- A node of Citus may not look at another table there.
    if exists (select from pg_extension where extname = 'citus') then
        return null;
    end if;
    perform pg_advisory_xact_lock_shared(hashtextextended('closings', new.tenant_id));
    if new.closed_to is distinct from (
        select max(c.ends_at) from closings c
         where c.cell = new.cell and c.tenant_id = new.tenant_id and c.reopened_at is null
    ) then
        raise serialization_failure using message = 'what is closed has changed meanwhile';
    end if;
    return null;
end
$$;

create trigger closing_checks_are_made before insert on closing_checks
    for each row execute function check_closing();
