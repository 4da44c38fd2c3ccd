-- What a database has beside the schema where it is spread over nodes by Citus. db/citus.py runs it once.

-- Every number that a cell may have, each on the node where its cell is: what is written to a cell is selected from
-- here, so that all of it is one statement on that node.
create table cells (
    cell integer primary key
);

-- Positions in the feed are taken where all servers connect, never on the node of a cell: each node has a sequence of
-- its own. It is called stable so that it is called once, before the statement that it is in is sent to a node.
create function take_event_positions(number integer) returns bigint[] language plpgsql stable strict as $$
begin
    return array(select nextval('event_positions') from generate_series(1, number));
end
$$;

-- As in the schema, in a language whose parameters are known when each statement is planned.
create or replace function forget_events(cell integer, tenant_id integer, type text, before timestamptz, number_max integer)
returns bigint language plpgsql security definer set search_path from current as $$
#variable_conflict use_column
declare
    forgotten text[];
    forgotten_to bigint;
begin
    select array_agg(o.id), max(o.position) into forgotten, forgotten_to
      from (select e.id, e.position, e.created_at from events e
             where e.cell = $1 and e.tenant_id = $2 and e.type = $3 and e.data is not null
             order by e.position
             limit $5) as o
     where o.created_at < least($4, now() - interval '7 days');
    if forgotten is null then
        return 0;
    end if;
    -- First, so that nobody who reads in between takes what is missing for all there was.
    update tenants t set events_forgotten_to = greatest(t.events_forgotten_to, forgotten_to) where t.cell = $1 and t.id = $2;
    update events e set data = null, actor = null
     where e.cell = $1 and e.tenant_id = $2 and e.id = any(forgotten)
       and not exists (select from events later
                        where later.cell = $1 and later.tenant_id = e.tenant_id and later.object_id = e.object_id
                          and later.sequence > e.sequence);
    delete from events e
     where e.cell = $1 and e.tenant_id = $2 and e.id = any(forgotten)
       and exists (select from events later
                    where later.cell = $1 and later.tenant_id = e.tenant_id and later.object_id = e.object_id
                      and later.sequence > e.sequence);
    return cardinality(forgotten);
end
$$;

-- A trigger on a node would tell whoever listens there, and nobody does. Servers look once a second anyhow.
drop trigger webhook_endpoints_are_announced on webhook_endpoints;

-- Citus wants identity columns to be bigint.
alter table tenants alter column id drop identity;
create sequence tenants_id_seq as integer owned by tenants.id;
select setval('tenants_id_seq', (select coalesce(max(id), 0) + 1 from tenants), false);
alter table tenants alter column id set default nextval('tenants_id_seq');
