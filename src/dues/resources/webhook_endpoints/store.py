"""The statements on webhook_endpoints, and on what became of deliveries, that the API needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.webhook_endpoints import WebhookEndpoint
from dues.work.work import Work

COLUMNS = "e.id, e.url, e.event_types, e.description, e.disabled_reason, e.created_at"

INSERT_WEBHOOK_ENDPOINTS = """
insert into webhook_endpoints (tenant_id, id, url, event_types, description, secret, created_at, position)
select new.tenant_id, new.id, new.url, (select array_agg(name) from json_array_elements_text(new.event_types) as name),
       new.description, new.secret, new.created_at, latest.position
  from unnest($1::bigint[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[], $7::timestamptz[])
       as new(tenant_id, id, url, event_types, description, secret, created_at),
       (select case when is_called then last_value else 0 end as position from event_positions) as latest
"""


def insert_webhook_endpoint(
    work: Work, tenant_id: int, endpoint: WebhookEndpoint, types_json: str | None, secret: str
) -> None:
    """Writes a new endpoint. It is sent the events that are committed from now on."""
    one = endpoint
    row = (tenant_id, one.id, one.url, types_json, one.description, secret, one.created_at)
    work.tx.write(INSERT_WEBHOOK_ENDPOINTS, [row])


COUNT_WEBHOOK_ENDPOINTS = """
select t.id as tenant_id, t.mode, (select count(*) from webhook_endpoints e where e.tenant_id = t.id) as number
  from unnest($1::bigint[]) as asked(tenant_id)
  join tenants t on t.id = asked.tenant_id
   for update of t
"""


async def lock_tenants(work: Work, tenant_ids: Sequence[int]) -> dict[int, Row]:
    """Of each tenant, locked: its mode and how many endpoints it has."""
    rows = await work.tx.lock(COUNT_WEBHOOK_ENDPOINTS, sorted(set(tenant_ids)))
    return {row["tenant_id"]: row for row in rows}


FIND_WEBHOOK_ENDPOINTS = f"""
select e.tenant_id, t.mode, {COLUMNS}
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join webhook_endpoints e on e.tenant_id = asked.tenant_id and e.id = asked.id
  join tenants t on t.id = e.tenant_id
"""

LOCK_WEBHOOK_ENDPOINTS = FIND_WEBHOOK_ENDPOINTS + " order by e.tenant_id, e.id for update of e"

Found = tuple[WebhookEndpoint, str]
"""An endpoint, and its mode."""


async def find_webhook_endpoints(work: Work, asked: Sequence[tuple[int, str]]) -> list[Found | None]:
    """The endpoint of each (tenant, id) that is asked for, if there is one."""
    return _in_order(await work.tx.find(FIND_WEBHOOK_ENDPOINTS, *zip(*asked, strict=True)), asked)


async def lock_webhook_endpoints(work: Work, asked: Sequence[tuple[int, str]]) -> list[Found | None]:
    """The same, locked."""
    return _in_order(await work.tx.lock(LOCK_WEBHOOK_ENDPOINTS, *zip(*asked, strict=True)), asked)


def _in_order(rows: Sequence[Row], asked: Sequence[tuple[int, str]]) -> list[Found | None]:
    found = {(row["tenant_id"], row["id"]): (endpoint_of(row), row["mode"]) for row in rows}
    return [found.get(one) for one in asked]


def endpoint_of(row: Row) -> WebhookEndpoint:
    """The endpoint that a row with COLUMNS is."""
    return WebhookEndpoint(
        id=row["id"],
        url=row["url"],
        event_types=row["event_types"],
        description=row["description"],
        disabled_reason=row["disabled_reason"],
        created_at=row["created_at"],
    )


SAVE_WEBHOOK_ENDPOINTS = """
update webhook_endpoints e
   set url = new.url, event_types = (select array_agg(name) from json_array_elements_text(new.event_types) as name),
       description = new.description, disabled_reason = new.disabled_reason,
       status = case when new.disabled_reason is null then 'enabled' else 'disabled' end,
       failures = case when new.disabled_reason is null and e.status = 'disabled' then 0 else e.failures end,
       failing_since = case when new.disabled_reason is null and e.status = 'disabled' then null
                            else e.failing_since end,
       held_until = case when new.url = e.url and e.status = 'enabled' then e.held_until end
  from unnest($1::bigint[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[])
       as new(tenant_id, id, url, event_types, description, disabled_reason)
 where e.tenant_id = new.tenant_id and e.id = new.id
"""


def save_webhook_endpoint(work: Work, tenant_id: int, endpoint: WebhookEndpoint, types_json: str | None) -> None:
    """Writes what became of a locked endpoint. One that is enabled again begins without its past failures."""
    one = endpoint
    row = (tenant_id, one.id, one.url, types_json, one.description, one.disabled_reason)
    work.tx.write(SAVE_WEBHOOK_ENDPOINTS, [row])


SAVE_WEBHOOK_SECRETS = """
update webhook_endpoints e
   set old_secret = e.secret, old_secret_until = new.old_secret_until, secret = new.secret
  from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])
       as new(tenant_id, id, secret, old_secret_until)
 where e.tenant_id = new.tenant_id and e.id = new.id
"""


def save_secret(work: Work, tenant_id: int, endpoint_id: str, secret: str, old_until: datetime) -> None:
    """Gives a locked endpoint a new secret; the one it had signs too until a time."""
    work.tx.write(SAVE_WEBHOOK_SECRETS, [(tenant_id, endpoint_id, secret, old_until)])


IS_WEBHOOK_ENDPOINT = "select id from webhook_endpoints where tenant_id = $1 and id = $2"


async def is_webhook_endpoint(database: Database, tenant_id: int, endpoint_id: str) -> bool:
    """Whether there is such an endpoint."""
    return bool(await database.rows(IS_WEBHOOK_ENDPOINT, tenant_id, endpoint_id))


DELETE_WEBHOOK_ENDPOINTS = "delete from webhook_endpoints where tenant_id = $1 and id = $2 returning id"


async def delete_webhook_endpoint(database: Database, tenant_id: int, endpoint_id: str) -> bool:
    """Deletes an endpoint; whether there was one. What is left of its deliveries is purged later."""
    return bool(await database.rows(DELETE_WEBHOOK_ENDPOINTS, tenant_id, endpoint_id))


def _lanes_of(chosen: str, only_if: str = "true", any_type: str = "false") -> str:
    """A lane for each object that `chosen` has events of, from the first to the last of them; none but if `only_if`."""
    return f"""
with chosen as ({chosen}), lanes as (
    insert into webhook_lanes
           (tenant_id, endpoint_id, id, object_id, sequence, last_sequence, any_type, failed_only, next_attempt_at)
    select $1, $2, 'lane_' || replace(gen_random_uuid()::text, '-', ''), object_id, min(sequence), max(sequence),
           {any_type}, $4, $3
      from chosen
     where {only_if}
     group by object_id
)
select count(*) as number from chosen
"""


INSERT_LANE_OF_EVENT = _lanes_of(
    """
    select e.object_id, e.sequence
      from events e
     where e.tenant_id = $1 and e.id = $5 and e.data is not null
       and (e.type <> 'webhook_endpoint.test' or e.object_id = $2)
""",
    any_type="true",
)

INSERT_LANES_OF_TIME = _lanes_of(
    """
    select e.object_id, e.sequence
      from events e
     where e.tenant_id = $1 and e.id >= $5 and e.id < $6 and e.type = any($7) and e.data is not null
     limit $8
""",
    only_if="(select count(*) from chosen) < $8",
)

INSERT_LANES_OF_FAILED = _lanes_of("""
    select e.object_id, e.sequence
      from webhook_deliveries d
      join events e on e.tenant_id = d.tenant_id and e.id = d.event_id and e.data is not null
     where d.tenant_id = $1 and d.endpoint_id = $2 and d.status = 'failed'
     limit $5
""")


async def insert_lane_of_event(work: Work, tenant_id: int, endpoint_id: str, now: datetime, event_id: str) -> int:
    """Has one event sent again; 0 where there is none, else 1."""
    return _number(await work.tx.lock(INSERT_LANE_OF_EVENT, tenant_id, endpoint_id, now, False, event_id))


async def insert_lanes_of_time(
    work: Work, tenant_id: int, endpoint_id: str, now: datetime, ids: tuple[str, str], types: Sequence[str], limit: int
) -> int:
    """Has events of these types sent again, with ids from the first to below the second; how many.

    Nothing is where they would be `limit` or more.
    """
    arguments: list[Any] = [tenant_id, endpoint_id, now, False, *ids, types, limit]
    return _number(await work.tx.lock(INSERT_LANES_OF_TIME, *arguments))


async def insert_lanes_of_failed(work: Work, tenant_id: int, endpoint_id: str, now: datetime, limit: int) -> int:
    """Has events sent again that failed for good; how many."""
    return _number(await work.tx.lock(INSERT_LANES_OF_FAILED, tenant_id, endpoint_id, now, True, limit))


def _number(rows: Sequence[Row]) -> int:
    number: int = rows[0]["number"]
    return number


LIST_DELIVERIES = """
select event_id, event_type, status, attempts, next_attempt_at
  from webhook_deliveries
 where tenant_id = $1 and endpoint_id = $2 and event_id < $3 and ($4::text is null or status = $4)
 order by event_id desc
 limit $5
"""

LIST_FAILED_DELIVERIES = """
select event_id, event_type, status, attempts, next_attempt_at
  from webhook_deliveries
 where tenant_id = $1 and endpoint_id = $2 and event_id < $3 and status = 'failed'
 order by event_id desc
 limit $4
"""


async def list_deliveries(
    database: Database, tenant_id: int, endpoint_id: str, before: str | None, status: str | None, limit: int
) -> list[Row]:
    """What became of events at an endpoint, newest event first."""
    arguments: list[Any] = [tenant_id, endpoint_id, before or "evt_~"]
    if status == "failed":
        return await database.rows(LIST_FAILED_DELIVERIES, *arguments, limit)
    return await database.rows(LIST_DELIVERIES, *arguments, status, limit)
