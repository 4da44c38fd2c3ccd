"""The statements on webhook_endpoints, and on what became of deliveries, that the API needs."""

from datetime import datetime
from typing import Any, Final

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant
from dues.domain.webhook_endpoints import WebhookEndpoint
from dues.lists.listing import Listing
from dues.lists.pages import find_page
from dues.lists.query import ListQuery
from dues.tenants.keys import Mode
from dues.webhooks.wire import WebhookEndpointBody, webhook_endpoint_body
from dues.work.questions import Part, Question
from dues.work.work import Work

COLUMNS = "t.id, t.url, t.event_types, t.description, t.disabled_reason, t.created_at"

WEBHOOK_ENDPOINTS: Final = Listing(
    name="webhook_endpoints",
    prefix="whe_",
    columns=COLUMNS,
    table="webhook_endpoints t",
    filters={"status": "t.status = {}"},
)


async def list_webhook_endpoints(database: Database, tenant: Tenant, limit: int) -> list[WebhookEndpointBody]:
    """The newest `limit` endpoints, and one more where there are more."""
    rows = await find_page(database, WEBHOOK_ENDPOINTS, tenant, ListQuery(limit=limit))
    return [webhook_endpoint_body(endpoint_of(row)) for row in rows]


INSERT_WEBHOOK_ENDPOINT = """
insert into webhook_endpoints (cell, tenant_id, id, url, event_types, description, secret, created_at, position)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def insert_webhook_endpoint(
    work: Work, tenant: Tenant, endpoint: WebhookEndpoint, secret: str, position: int
) -> None:
    """Writes a new endpoint, which is sent the events that come after a position."""
    row = (endpoint.id, endpoint.url, endpoint.event_types, endpoint.description, secret, endpoint.created_at, position)
    await work.tx.lock(INSERT_WEBHOOK_ENDPOINT, *tenant, *row)


LOCK_TENANT = """
select t.mode, (select count(*) from webhook_endpoints e where e.cell = $1 and e.tenant_id = $2) as number
  from tenants t
 where t.cell = $1 and t.id = $2
   for update of t
"""


async def lock_tenant(work: Work, tenant: Tenant) -> tuple[Mode, int]:
    """The tenant's mode and how many endpoints it has; locked, so that nobody makes another meanwhile."""
    [row] = await work.tx.lock(LOCK_TENANT, *tenant)
    return row["mode"], row["number"]


class EndpointNamed(Question, frozen=True):
    """The webhook endpoint with this id."""

    id: str

    @property
    def part(self) -> Part:
        return _ENDPOINT_NAMED

    @property
    def values(self) -> tuple[object, ...]:
        return (self.id,)


_ENDPOINT_NAMED = Part(
    name="webhook endpoints",
    asked={"id": "text"},
    source="  join webhook_endpoints e on e.cell = $1 and e.tenant_id = asked.tenant_id and e.id = asked.id",
    value="""json_build_object(
    'id', e.id, 'url', e.url, 'event_types', e.event_types, 'description', e.description,
    'disabled_reason', e.disabled_reason, 'created_at', e.created_at)""",
    shape=WebhookEndpoint,
)

LOCK_WEBHOOK_ENDPOINT = f"""
select m.mode, {COLUMNS}
  from webhook_endpoints t
  join tenants m on m.cell = $1 and m.id = $2
 where t.cell = $1 and t.tenant_id = $2 and t.id = $3
   for update of t
"""


async def lock_webhook_endpoint(work: Work, tenant: Tenant, endpoint_id: str) -> tuple[WebhookEndpoint, Mode] | None:
    """An endpoint, held until the end of the transaction, and its mode."""
    rows = await work.tx.lock(LOCK_WEBHOOK_ENDPOINT, *tenant, endpoint_id)
    return (endpoint_of(rows[0]), rows[0]["mode"]) if rows else None


def endpoint_of(row: Row) -> WebhookEndpoint:
    """The endpoint that a row with COLUMNS is."""
    return WebhookEndpoint(**{name: row[name] for name in WebhookEndpoint.__struct_fields__})


SAVE_WEBHOOK_ENDPOINT = """
update webhook_endpoints e
   set url = $4::text, event_types = $5, description = $6, disabled_reason = $7::text,
       status = case when $7 is null then 'enabled' else 'disabled' end,
       failures = case when $7 is null and e.status = 'disabled' then 0 else e.failures end,
       failing_since = case when $7 is null and e.status = 'disabled' then null else e.failing_since end,
       held_until = case when $4 = e.url and e.status = 'enabled' then e.held_until end
 where e.cell = $1 and e.tenant_id = $2 and e.id = $3
"""


async def save_webhook_endpoint(work: Work, tenant: Tenant, endpoint: WebhookEndpoint) -> None:
    """Writes what became of a locked endpoint. One that is enabled again begins without its past failures."""
    row = (endpoint.id, endpoint.url, endpoint.event_types, endpoint.description, endpoint.disabled_reason)
    await work.tx.lock(SAVE_WEBHOOK_ENDPOINT, *tenant, *row)


SAVE_ROTATED = """
update webhook_endpoints
   set old_secret = secret, old_secret_until = $5, secret = $4
 where cell = $1 and tenant_id = $2 and id = $3
"""


async def save_secret(work: Work, tenant: Tenant, endpoint_id: str, secret: str, old_until: datetime) -> None:
    """Gives a locked endpoint a new secret; the one it had signs too until a time."""
    await work.tx.lock(SAVE_ROTATED, *tenant, endpoint_id, secret, old_until)


IS_WEBHOOK_ENDPOINT = "select id from webhook_endpoints where cell = $1 and tenant_id = $2 and id = $3"


async def is_webhook_endpoint(database: Database, tenant: Tenant, endpoint_id: str) -> bool:
    """Whether there is such an endpoint."""
    return bool(await database.rows(IS_WEBHOOK_ENDPOINT, *tenant, endpoint_id))


DELETE_WEBHOOK_ENDPOINT = """
delete from webhook_endpoints where cell = $1 and tenant_id = $2 and id = $3 returning id
"""


async def delete_webhook_endpoint(database: Database, tenant: Tenant, endpoint_id: str) -> bool:
    """Deletes an endpoint; whether there was one. What is left of its deliveries is purged later."""
    return bool(await database.rows(DELETE_WEBHOOK_ENDPOINT, *tenant, endpoint_id))


LIST_DELIVERIES = """
select event_id, event_type, status, attempts, next_attempt_at
  from webhook_deliveries
 where cell = $1 and tenant_id = $2 and endpoint_id = $3 and event_id < $4 and ($5::text is null or status = $5)
 order by event_id desc
 limit $6
"""

LIST_FAILED_DELIVERIES = """
select event_id, event_type, status, attempts, next_attempt_at
  from webhook_deliveries
 where cell = $1 and tenant_id = $2 and endpoint_id = $3 and event_id < $4 and status = 'failed'
 order by event_id desc
 limit $5
"""


async def list_deliveries(
    database: Database, tenant: Tenant, endpoint_id: str, before: str | None, status: str | None, limit: int
) -> list[Row]:
    """What became of events at an endpoint, newest event first."""
    arguments: list[Any] = [*tenant, endpoint_id, before or "evt_~"]
    if status == "failed":
        return await database.rows(LIST_FAILED_DELIVERIES, *arguments, limit)
    return await database.rows(LIST_DELIVERIES, *arguments, status, limit)
