-- Batches of a purge go on where the one before has ended, and count what they themselves have forgotten: of two
-- processes that want the same events, one has nothing to do.
drop function forget_events(integer, integer, text, timestamptz, integer);

create function forget_events(
    cell integer, tenant_id integer, type text, before timestamptz, after bigint, number_max integer,
    out number bigint, out last_position bigint, out last_created_at timestamptz
) language sql security definer
begin atomic
    with old as materialized (
        select o.place, o.position, o.created_at,
               not exists (select from events later
                            where later.cell = $1 and later.tenant_id = o.tenant_id and later.object_id = o.object_id
                              and later.sequence > o.sequence) as is_last
          from (select e.ctid as place, e.* from events e
                 where e.cell = $1 and e.tenant_id = $2 and e.type = $3 and e.data is not null and e.position > $5
                 order by e.position
                 limit $6) as o
         where o.created_at < least($4, now() - interval '7 days')
    ), emptied as (
        update events e set data = null, actor = null
          from old
         where e.cell = $1 and e.ctid = old.place and old.is_last
     returning e.id
    ), deleted as (
        delete from events e
         using old
         where e.cell = $1 and e.ctid = old.place and not old.is_last
     returning e.id
    ), noted as (
        update tenants t
           set events_forgotten_to = greatest(t.events_forgotten_to, (select max(old.position) from old))
         where t.cell = $1 and t.id = $2 and exists (select from old)
    )
    select (select count(*) from emptied) + (select count(*) from deleted), max(old.position), max(old.created_at)
      from old;
end;

revoke execute on function forget_events(integer, integer, text, timestamptz, bigint, integer) from public;
