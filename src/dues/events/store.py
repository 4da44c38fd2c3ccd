"""The statements on events."""

from dues.domain.ids import new_id
from dues.events.catalogue import EventType
from dues.work.work import Work

INSERT_EVENTS = """
insert into events (tenant_id, id, type, object_id, data, created_at)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::json[], $6::timestamptz[])
"""


def insert_event(work: Work, tenant_id: int, event_type: EventType, object_id: str, data: bytes) -> None:
    """Writes that something happened to `object_id`; `data` is the JSON of the object as it is now."""
    now = work.now_of(tenant_id)
    work.tx.write(INSERT_EVENTS, [(tenant_id, new_id("evt_", now), event_type, object_id, data.decode(), now)])
