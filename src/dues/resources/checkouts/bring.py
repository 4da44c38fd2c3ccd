"""Brings what processors tell of checkouts to where it is recorded: from their messages, and from asking them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from dues.background import Batch, Job, run_batches
from dues.commands.command import Command
from dues.commands.job import Job as CommandJob
from dues.db.database import Database
from dues.domain.actors import SYSTEM
from dues.domain.checkouts import Charged, Told
from dues.domain.ids import new_id
from dues.resources.checkouts.adapters import ADAPTERS
from dues.resources.checkouts.adapters.adapter import Ask
from dues.resources.checkouts.settle import END_CHECKOUTS, SETTLE_CHECKOUTS, End, Settled
from dues.resources.checkouts.store import ToAskFor, find_checkout, take_checkouts_to_ask_for
from dues.resources.payment_links.store import find_link
from dues.tenants.payees.store import Payee, find_payee
from dues.tenants.store import list_cells
from dues.work.work import Request

EVERY_SECONDS: Final = 5.0

BATCH_SIZE: Final = 50

Submit = Callable[[CommandJob], Awaitable[Any]]
"""Has a command carried out in a group."""


def request_of(payee: Payee, body: Any) -> Request[Any]:
    """What nobody's key has asked for."""
    return Request(
        payee.tenant,
        new_id("req_", datetime.now(UTC)),
        body,
        actor=SYSTEM,
        clock_offset_seconds=payee.clock_offset_seconds,
        time_zone=payee.time_zone,
    )


async def receive(
    database: Database, submit: Submit, adapter: str, body: bytes, headers: Mapping[bytes, bytes]
) -> bool:
    """A message that says it is from a processor; whether it is."""
    known = ADAPTERS.get(adapter)
    message = await known.read(database, body, headers) if known and known.read else None
    if message is None:
        return False
    await bring(database, submit, message.payee, message.checkout_id, message.told)
    return True


async def bring(database: Database, submit: Submit, payee: Payee, checkout_id: str, told: Told) -> None:
    """Records what is told of a checkout that there is. It may be told any number of times."""
    checkout = await find_checkout(database, payee.tenant, checkout_id)
    assert checkout is not None, "whoever tells of one has found it"
    command: Command
    body: Settled | End
    if isinstance(told, Charged):
        link = await find_link(database, payee.tenant, checkout.payment_link_id)
        assert link is not None, "links are kept"
        command, body = SETTLE_CHECKOUTS, Settled(link, checkout, told)
    else:
        command, body = END_CHECKOUTS, End(checkout_id, "failed", told.reason)
    await submit(CommandJob(command, request_of(payee, body)))


def asking_job(database: Database, submit: Submit) -> Job:
    """The job that asks for what is open: of what was charged, and never told."""
    return Job("checkouts", EVERY_SECONDS, lambda: run_batches(_batches(database, submit), BATCH_SIZE))


async def _batches(database: Database, submit: Submit) -> AsyncIterator[Batch]:
    for cell in await list_cells(database):
        yield partial(ask_again, database, submit, cell)


async def ask_again(database: Database, submit: Submit, cell: int) -> int:
    """Asks for some checkouts of a cell whose turn it is; how many there were."""
    found = await take_checkouts_to_ask_for(database, cell, BATCH_SIZE)
    for one in found:
        await _ask_for(database, submit, one)
    return len(found)


async def _ask_for(database: Database, submit: Submit, one: ToAskFor) -> None:
    payee = await find_payee(database, one.tenant.id)
    checkout = await find_checkout(database, one.tenant, one.id)
    if payee is None or checkout is None:
        return
    adapter = ADAPTERS.get(checkout.adapter)
    told = await adapter.ask(Ask(database, payee, checkout)) if adapter and adapter.ask else None
    if told is not None:
        await bring(database, submit, payee, checkout.id, told)
    elif payee.now() >= checkout.expires_at:
        ended = End(checkout.id, "expired", "not_paid_in_time")
        await submit(CommandJob(END_CHECKOUTS, request_of(payee, ended)))
