"""GET /billing/{customers|accounts}/{…}/summary: what one owner owes, currency by currency, at one instant."""

from collections.abc import Awaitable, Callable
from typing import Any

from dues.commands.command import to_shown_json
from dues.commands.kind import Kind, find_id
from dues.domain.balances import refuse_unsafe
from dues.domain.refusals import Refusal, not_found
from dues.resources.doing import Call
from dues.resources.summaries import store
from dues.resources.summaries.wire import summary_body


def summary_of(kind: Kind[Any]) -> Callable[[Call], Awaitable[bytes | Refusal]]:
    """Sums up what one account or one customer owes."""

    async def summary(call: Call) -> bytes | Refusal:
        owner_id = await find_id(call.database, kind, call.tenant, call.name)
        if owner_id is None:
            return not_found(kind.noun, call.name)
        today = call.key.today
        owed = await store.find_owed(call.database, call.tenant, kind.noun, owner_id, today)
        for one in owed:
            if refusal := refuse_unsafe([one.balance, one.open_amount, one.net], "/net_amount", one.currency):
                return refusal
        return to_shown_json(summary_body(owner_id, today, list(owed)))

    return summary
