"""What a request enters of days that are over: refused where they are closed, unless somebody may and says why."""

from collections.abc import Iterator
from typing import Any

from dues.commands.command import Outcome
from dues.commands.job import Job
from dues.commands.known import Known
from dues.domain.bills import Bill
from dues.domain.closings import Closed, Dating, enter_late, is_before_today
from dues.domain.entries import Cause
from dues.domain.payments import Payment
from dues.domain.records import Change
from dues.domain.refusals import Refusal
from dues.tenants.closed.store import CLOSED_DAYS, Dated


def look_at_dates(job: Job, outcome: Outcome | Refusal, known: Known, cause: Cause) -> Dated | Refusal | None:
    """What is entered of days that are over, None where nothing is; or that it may not be: `period_closed`."""
    if isinstance(outcome, Refusal):
        return None
    datings = [one for one in _dated(outcome) if is_before_today(one.told, cause)]
    if not datings:
        return None
    closed: Closed | None = known.other[job.tenant.id, CLOSED_DAYS]
    late = enter_late(datings, closed, job.request.permit, cause)
    return late if isinstance(late, Refusal) else Dated(closed.ends_at if closed else None, late)


def _dated(outcome: Outcome) -> Iterator[Dating]:
    """Objects that are made, and of when they are; and whose entries are said to be of an earlier time."""
    for change in outcome.changes:
        if isinstance(change, Change) and change.before is None:
            yield from _of_new(change.after.of)
    if outcome.as_of is not None and any(isinstance(one, Change) and one.entries for one in outcome.changes):
        yield Dating(*outcome.as_of, "/balance_as_of")


def _of_new(of: Any) -> Iterator[Dating]:
    if isinstance(of, Payment):
        yield Dating(of.id, of.paid_at, "/paid_at")
    elif isinstance(of, Bill):
        yield Dating(of.id, of.bill_date, "/bill_date")
