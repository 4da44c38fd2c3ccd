-- A server need not own the schema: what only an owner may do of what it has to, these do for it, and no more than that.

create function forget_events(cell integer, tenant_id integer, type text, before timestamptz, number_max integer)
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
        update events e set data = null
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

create function analyze_table(name regclass)
returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('analyze %s', name);
end
$$;

revoke execute on function forget_events(integer, integer, text, timestamptz, integer) from public;
revoke execute on function analyze_table(regclass) from public;
