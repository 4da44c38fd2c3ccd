-- Entries and events say who did it; what was written before does not. Keys say when they were last used.
alter table entries
    add column actor              text collate "C",
    add column version            smallint not null default 1,
    add column external_reference text collate "C",
    add column salt               bytea,
    add column digest             bytea,
    add constraint entries_prove_their_texts check (
        case version
            when 1 then num_nonnulls(actor, external_reference, salt, digest) = 0
            when 2 then num_nonnulls(salt, digest) = 1
                and (digest is null or num_nonnulls(reason, idempotency_key, external_reference) = 0)
            else false
        end
    );

create unique index entries_reference_is_unique on entries (cell, tenant_id, owner_id, external_reference)
    where external_reference is not null;

alter table events add column actor text collate "C";

-- Of an event that is forgotten nobody need know who did it.
create or replace function forget_events(cell integer, tenant_id integer, type text, before timestamptz, number_max integer)
returns bigint language sql security definer
begin atomic
    with old as materialized (
        select o.tenant_id, o.id, o.position,
               not exists (select from events later
                            where later.cell = $1 and later.tenant_id = o.tenant_id and later.object_id = o.object_id
                              and later.sequence > o.sequence) as is_last
          from (select * from events e
                 where e.cell = $1 and e.tenant_id = $2 and e.type = $3 and e.data is not null
                 order by e.position
                 limit $5) as o
         where o.created_at < least($4, now() - interval '7 days')
    ), emptied as (
        update events e set data = null, actor = null
          from old
         where e.cell = $1 and e.tenant_id = old.tenant_id and e.id = old.id and old.is_last
    ), deleted as (
        delete from events e
         using old
         where e.cell = $1 and e.tenant_id = old.tenant_id and e.id = old.id and not old.is_last
    ), noted as (
        update tenants t
           set events_forgotten_to = greatest(t.events_forgotten_to, (select max(old.position) from old))
         where t.cell = $1 and t.id = $2 and exists (select from old)
    )
    select count(*) from old;
end;

alter table api_keys add column last_used_at timestamptz;

-- What an answer warned of is said again with it.
alter table idempotency_keys add column warning text;
