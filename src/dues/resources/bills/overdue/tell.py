"""What nobody asks for: a bill that is not paid is overdue on the day after it was due, and that is told, once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

from msgspec import Struct

from dues.background import Batch, Job, run_batches
from dues.commands.command import Command, Outcome
from dues.commands.job import Job as CommandJob
from dues.commands.known import TenantLookup
from dues.commands.questions import Named
from dues.db.database import Database
from dues.domain.actors import SYSTEM
from dues.domain.bill_changes import tell_overdue
from dues.domain.entries import Cause
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal, not_found
from dues.resources.bills.overdue.store import find_bills_to_be_overdue
from dues.resources.bills.store import BILL
from dues.tenants.store import list_cells
from dues.work.questions import Question
from dues.work.work import Request

EVERY_SECONDS: Final = 60.0

BATCH_SIZE: Final = 500


class Overdue(Struct, frozen=True):
    """A bill that may be overdue on this day of its merchant's."""

    bill_id: str
    today: date


Submit = Callable[[CommandJob], Awaitable[Any]]
"""Has a command carried out in a group."""


def overdue_job(database: Database, submit: Submit) -> Job:
    """The job that tells of them."""
    return Job("overdue bills", EVERY_SECONDS, lambda: run_batches(_batches(database, submit), BATCH_SIZE))


async def _batches(database: Database, submit: Submit) -> AsyncIterator[Batch]:
    for cell in await list_cells(database):
        yield partial(tell_of_overdue, database, submit, cell)


async def tell_of_overdue(database: Database, submit: Submit, cell: int) -> int:
    """Tells of some bills of a cell; how many there were."""
    found = await find_bills_to_be_overdue(database, cell, BATCH_SIZE)
    for one in found:
        overdue = Overdue(one.bill_id, one.today)
        request = Request(
            one.tenant,
            new_id("req_", datetime.now(UTC)),
            overdue,
            clock_offset_seconds=one.clock_offset_seconds,
            actor=SYSTEM,
        )
        await submit(CommandJob(TELL_OVERDUE, request))
    return len(found)


def _questions(request: Request[Overdue]) -> Iterable[Question]:
    yield Named(BILL, request.body.bill_id, changes=True)


def _tell(request: Request[Overdue], lookup: TenantLookup, _cause: Cause) -> Outcome | Refusal:
    bill = lookup.find("bill", request.body.bill_id)
    if bill is None:
        return not_found("bill", request.body.bill_id)
    told = tell_overdue(bill, request.body.today)
    return Outcome(told.after, [told]) if told else Outcome(bill)


TELL_OVERDUE: Final = Command("bills.overdue", _questions, _tell)
