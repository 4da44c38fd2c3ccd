"""POST /billing/closings/{closing}/reopen: open the days of the last closing again, for a reason."""

from msgspec import structs

from dues.commands.command import Modify, Procedure, Shown, to_shown_json
from dues.domain.closings import Reopening
from dues.domain.refusals import Refusal, not_found
from dues.events.store import insert_next_event
from dues.resources.closings import store
from dues.resources.closings.close import claims
from dues.resources.closings.store import closing_body
from dues.work.work import Request, Work


async def _reopen(work: Work, request: Request[Modify[Reopening]]) -> Shown | Refusal:
    tenant, name = request.tenant, request.body.name
    await store.lock_closings(work, tenant)
    closing, last = await store.find_named(work, tenant, name), await store.find_last(work, tenant)
    if closing is None:
        return not_found("closing", name)
    if last is None or last.id != closing.id:
        what = f"The last closing is {last.id}, through {last.through_on}." if last else "Nothing is closed."
        return Refusal("closing_not_last", what)
    reopened = structs.replace(
        closing,
        reopened_at=work.now_of(tenant),
        reopened_reason=request.body.changes.reason,
        reopened_actor=request.actor,
    )
    await store.save_reopened(work, tenant, reopened)
    json = to_shown_json(closing_body(reopened))
    await insert_next_event(work, tenant, "closing.reopened", closing.id, json, request.actor)
    return Shown(closing.id, json)


REOPEN_CLOSINGS = Procedure("closings.reopen", claims, _reopen)
