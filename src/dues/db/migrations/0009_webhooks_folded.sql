-- A type of event that was asked for twice was sent twice, and counted twice against what is read at a time.
update webhook_endpoints e
   set event_types = (select array_agg(folded.type order by folded.first)
                        from (select given.type, min(given.number) as first
                                from unnest(e.event_types) with ordinality as given(type, number)
                               group by given.type) as folded)
 where cardinality(e.event_types) > (select count(distinct given.type) from unnest(e.event_types) as given(type));

-- What is to be sent again to an endpoint: one job at a time, which its worker turns into lanes, object by object.
create table webhook_resends (
    cell        integer not null,
    tenant_id   integer not null,
    endpoint_id text collate "C" not null,
    from_id     text collate "C" not null,
    to_id       text collate "C" not null,
    to_now      boolean not null,
    failed_only boolean not null,
    object_id   text collate "C" not null default '',
    primary key (cell, tenant_id, endpoint_id),
    constraint webhook_resends_endpoint_exists foreign key (cell, tenant_id, endpoint_id)
        references webhook_endpoints (cell, tenant_id, id) on delete cascade
);
