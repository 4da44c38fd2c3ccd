-- One feed of all events: each has its place in it, and a number among those of its object.

create sequence event_positions;

alter table events alter column data drop not null;
alter table events add column sequence bigint;
alter table events add column position bigint;

-- Of one moment, what made an object comes first, and what is told after its update comes last.
update events e
   set sequence = numbered.sequence, position = numbered.position
  from (select tenant_id, id,
               row_number() over (partition by tenant_id, object_id order by created_at, rank, id) as sequence,
               row_number() over (order by created_at, rank, id) as position
          from (select tenant_id, id, object_id, created_at,
                       case when type like '%.created' then 0 when type in ('bill.paid', 'payment.reversed') then 2
                            else 1 end as rank
                  from events) as ranked) as numbered
 where numbered.tenant_id = e.tenant_id and numbered.id = e.id;

select setval('event_positions', coalesce(max(position), 1), max(position) is not null) from events;

alter table events alter column sequence set not null;
alter table events alter column position set not null;
alter table events alter column position set default
    case when pg_current_xact_id() is not null then nextval('event_positions') end;

create unique index events_by_object on events (tenant_id, object_id, position);
create unique index events_by_type on events (tenant_id, type, position) where data is not null;

alter table tenants add column events_forgotten_to bigint not null default 0;

-- Where a merchant wants its events sent, and how far they were.
create table webhook_endpoints (
    tenant_id        bigint not null,
    id               text collate "C" not null,
    url              text not null,
    event_types      text[],             -- null: all
    description      text,
    status           text not null default 'enabled',
    disabled_reason  text,
    secret           text not null,      -- it must be known to sign, so no hash of it would do
    old_secret       text,               -- signs too, until old_secret_until
    old_secret_until timestamptz,
    position         bigint not null,    -- every event up to here was delivered, or waits in a lane
    failures         bigint not null default 0, -- attempts in a row that failed
    failing_since    timestamptz,
    held_until       timestamptz,        -- nothing new is tried before this
    leased_by        text,               -- who delivers to it …
    leased_until     timestamptz,        -- … and until when, should it die
    created_at       timestamptz not null,
    primary key (tenant_id, id),
    constraint webhook_endpoints_status_is_known check (
        case status
            when 'enabled' then disabled_reason is null
            when 'disabled' then disabled_reason in ('asked', 'failing', 'gone')
            else false
        end
    ),
    constraint webhook_endpoints_lease_is_whole check ((leased_by is null) = (leased_until is null))
);

-- The events of one object that one endpoint has still to get, one after the other: because one of them failed, or
-- because they were asked for again.
create table webhook_lanes (
    tenant_id       bigint not null,
    endpoint_id     text collate "C" not null,
    id              text collate "C" not null,
    object_id       text collate "C" not null,
    position        bigint not null,     -- of the event that is next
    last_position   bigint,              -- of the last; null: as far as its endpoint is
    failed_only     boolean not null default false,
    attempts        integer not null default 0, -- of the event that is next
    next_attempt_at timestamptz not null,
    primary key (tenant_id, endpoint_id, id)
);

create unique index webhook_lanes_one_for_what_is_new on webhook_lanes (tenant_id, endpoint_id, object_id)
    where last_position is null;
create index webhook_lanes_by_time on webhook_lanes (tenant_id, endpoint_id, next_attempt_at);

-- What became of an event at an endpoint: all attempts to deliver it.
create table webhook_deliveries (
    tenant_id       bigint not null,
    endpoint_id     text collate "C" not null,
    event_id        text collate "C" not null,
    event_type      text not null,
    status          text not null,
    attempts        jsonb not null,
    next_attempt_at timestamptz,
    primary key (tenant_id, endpoint_id, event_id),
    constraint webhook_deliveries_status_is_known
        check (status in ('succeeded', 'failed', 'pending') and (status = 'pending') = (next_attempt_at is not null))
);

create index webhook_deliveries_that_failed on webhook_deliveries (tenant_id, endpoint_id, event_id)
    where status = 'failed';
