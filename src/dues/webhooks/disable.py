"""Gives up an endpoint, and says so."""

import structlog

from dues.domain.webhook_endpoints import DisabledReason, WebhookEndpoint
from dues.events.store import insert_next_event
from dues.webhooks.context import DeliveryContext
from dues.webhooks.leases.store import Lease, save_disabled
from dues.webhooks.wire import webhook_endpoint_json
from dues.work.work import Work

_log = structlog.get_logger()


async def disable(context: DeliveryContext, lease: Lease, reason: DisabledReason) -> None:
    """Disables an endpoint, with an event for whoever else listens and a line in the log."""
    async with context.database.transaction() as tx:
        rows = await save_disabled(tx, lease, reason)
        for row in rows:
            endpoint = WebhookEndpoint(**dict(row))
            work = Work(tx, lease.now)
            data = webhook_endpoint_json(endpoint)
            await insert_next_event(work, lease.tenant, "webhook_endpoint.disabled", lease.id, data)
        await tx.commit()
    if rows:
        context.notifier.notify([lease.tenant.id])
        _log.warning("webhook_endpoint_disabled", tenant_id=lease.tenant.id, endpoint_id=lease.id, reason=reason)
