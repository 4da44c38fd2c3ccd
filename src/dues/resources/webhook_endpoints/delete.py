"""DELETE /billing/webhook_endpoints/{webhook_endpoint}: with all that waits for it."""

import msgspec

from dues.domain.refusals import Refusal, not_found
from dues.resources.doing import Call
from dues.resources.webhook_endpoints import store
from dues.resources.webhook_endpoints.wire import DeletedBody


async def delete_webhook_endpoint(call: Call) -> bytes | Refusal:
    """What was deleted."""
    if not await store.delete_webhook_endpoint(call.database, call.tenant, call.name):
        return not_found("webhook_endpoint", call.name)
    return msgspec.json.encode(DeletedBody(id=call.name))
