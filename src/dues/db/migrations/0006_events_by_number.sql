-- Events of an object go by their number among those of the object: two transactions that would both write the next
-- one are told apart by the key. Deliveries that are behind go by that number too.

drop index events_by_object;
create unique index events_by_object on events (tenant_id, object_id, sequence);

alter table webhook_lanes add column sequence bigint;
alter table webhook_lanes add column last_sequence bigint;
alter table webhook_lanes add column any_type boolean not null default false;

-- A lane's next event is the object's first at its position or after it. Where none is left, those that come next are
-- numbered after the last; its number stays when all is deleted that is old. A number of attempts belongs to one event:
-- if that is deleted, the next one has had none. The last is the object's last up to its position; 0 where all of those
-- are deleted, so that nothing is left to be sent.
update webhook_lanes l
   set sequence = coalesce(
           (select min(e.sequence) from events e
             where e.tenant_id = l.tenant_id and e.object_id = l.object_id and e.position >= l.position),
           (select max(e.sequence) + 1 from events e
             where e.tenant_id = l.tenant_id and e.object_id = l.object_id),
           1),
       last_sequence = case when l.last_position is not null then coalesce(
           (select max(e.sequence) from events e
             where e.tenant_id = l.tenant_id and e.object_id = l.object_id and e.position <= l.last_position),
           0) end,
       attempts = case when exists (select from events e
                                     where e.tenant_id = l.tenant_id and e.object_id = l.object_id
                                       and e.position = l.position) then l.attempts else 0 end,
       any_type = coalesce(l.position = l.last_position, false);

drop index webhook_lanes_one_for_what_is_new;

alter table webhook_lanes alter column sequence set not null;
alter table webhook_lanes drop column position;
alter table webhook_lanes drop column last_position;

create unique index webhook_lanes_one_for_what_is_new on webhook_lanes (tenant_id, endpoint_id, object_id)
    where last_sequence is null;

-- Whoever delivers is told when there is somebody to deliver to, and need not look while there is nobody.
create function tell_of_webhook_endpoints() returns trigger language plpgsql as $$
begin
    perform pg_notify('dues_webhook_endpoints', '');
    return null;
end;
$$;

create trigger webhook_endpoints_are_announced after insert or update of status on webhook_endpoints
    for each statement execute function tell_of_webhook_endpoints();
