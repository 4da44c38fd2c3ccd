"""POST /billing/closings: close all days up to one, with their control totals."""

from collections.abc import Iterable
from datetime import timedelta

from dues.commands.command import Procedure, Shown, to_shown_json
from dues.db.errors import Conflict
from dues.domain.closings import NewClosing, refuse_closing
from dues.domain.days import FIRST_DAY, beginning_of
from dues.domain.ids import new_id
from dues.domain.money import is_safe
from dues.domain.refusals import Refusal
from dues.events.store import insert_next_event
from dues.resources.closings import store
from dues.resources.closings.store import Closing, closing_body
from dues.resources.control_totals.read import amounts_of, closing_positions, find_control_totals
from dues.work.work import Claim, Request, Work


async def _close(work: Work, request: Request[NewClosing]) -> Shown | Refusal:
    tenant, new, zone, now = request.tenant, request.body, request.time_zone, work.now_of(request.tenant)
    last = await store.find_last(work, tenant)
    if refusal := refuse_closing(new, last.closed if last else None, now, zone):
        return refusal
    begins_at = last.ends_at if last else beginning_of(FIRST_DAY, zone)
    ends_at = beginning_of(new.through + timedelta(days=1), zone)
    # Before anybody has to wait: what was recorded on days that are over does not change. It goes on from what was
    # kept, so that it ties out with that.
    opening = closing_positions(last.totals) if last else {}
    totals = await find_control_totals(work.tx.lock, tenant, begins_at, ends_at, opening)
    if not all(map(is_safe, amounts_of(totals))):
        return Refusal("amount_out_of_range", "A sum in the control totals of these days is out of range.")
    await store.lock_closings(work, tenant)
    if await store.find_last(work, tenant) != last:
        raise Conflict("others have closed or reopened days meanwhile")
    closing = Closing(
        id=new_id("cls_", now),
        from_on=last.through_on + timedelta(days=1) if last else None,
        through_on=new.through,
        time_zone=zone,
        begins_at=begins_at,
        ends_at=ends_at,
        totals=totals,
        actor=request.actor,
        created_at=now,
    )
    await store.insert_closing(work, tenant, closing)
    json = to_shown_json(closing_body(closing))
    await insert_next_event(work, tenant, "closing.created", closing.id, json, request.actor)
    return Shown(closing.id, json)


def claims(_request: Request[object]) -> Iterable[Claim]:
    """One at a time."""
    yield "closings"


CREATE_CLOSINGS = Procedure("closings.create", claims, _close)
