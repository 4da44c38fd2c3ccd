"""Gives up an endpoint, and says so."""

import structlog

from dues.domain.tenants import Tenant
from dues.domain.webhook_endpoints import DisabledReason, WebhookEndpoint
from dues.events.store import insert_next_event
from dues.webhooks import store
from dues.webhooks.reach import Reach
from dues.webhooks.store import Lease
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Work

_log = structlog.get_logger()


async def disable(reach: Reach, lease: Lease, reason: DisabledReason) -> None:
    """Disables an endpoint, with an event for whoever else listens and a line in the log."""
    async with reach.database.transaction() as tx:
        rows = await tx.lock(store.SAVE_DISABLED, lease.tenant_id, lease.id, lease.holder, reason)
        for row in rows:
            endpoint = WebhookEndpoint(**dict(row))
            work = Work(tx, lease.now)
            tenant = Tenant(1, lease.tenant_id)
            data = webhook_endpoint_json(endpoint)
            await insert_next_event(work, tenant, "webhook_endpoint.disabled", lease.id, data)
        await tx.commit()
    if rows:
        reach.news.committed([lease.tenant_id])
        _log.warning("webhook_endpoint_disabled", tenant_id=lease.tenant_id, endpoint_id=lease.id, reason=reason)
