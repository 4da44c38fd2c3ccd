"""Brings what processors tell of checkouts to where it is recorded: from their messages, and from asking them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import structlog

from dues.background import Batch, Job, report, run_batches
from dues.commands.job import Job as CommandJob
from dues.db.database import Database
from dues.domain.actors import SYSTEM
from dues.domain.checkouts import Charged, NotCharged, Told
from dues.domain.ids import new_id
from dues.resources.checkouts.adapters import ADAPTERS
from dues.resources.checkouts.adapters.adapter import Ask, ProcessorAwayError, Services
from dues.resources.checkouts.settle import END_CHECKOUTS, SETTLE_CHECKOUTS, End, Settled
from dues.resources.checkouts.store import ToAskFor, find_checkout, take_checkouts_to_ask_for
from dues.resources.payment_links.store import find_link
from dues.tenants.payees.store import Payee, find_payee
from dues.tenants.store import list_cells
from dues.work.work import Request

EVERY_SECONDS: Final = 5.0

BATCH_SIZE: Final = 50

AT_ONCE: Final = 8
"""Questions under way: a processor that is slow about one keeps few others waiting."""

_log = structlog.get_logger()

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
    services: Services, submit: Submit, adapter: str, body: bytes, headers: Mapping[bytes, bytes]
) -> bool:
    """A message that says it is from a processor; whether it is."""
    known = ADAPTERS.get(adapter)
    message = await known.read(services, body, headers) if known and known.read else None
    if message is None:
        return False
    if message.told is not None:
        await bring(services.database, submit, message.payee, message.checkout_id, message.told)
    return True


async def bring(database: Database, submit: Submit, payee: Payee, checkout_id: str, told: Told) -> None:
    """Records what is told of a checkout that there is. It may be told any number of times."""
    checkout = await find_checkout(database, payee.tenant, checkout_id)
    assert checkout is not None, "whoever tells of one has found it"
    match told:
        case Charged():
            link = await find_link(database, payee.tenant, checkout.payment_link_id)
            assert link is not None, "links are kept"
            settled = Settled(link, checkout, told)
            await submit(CommandJob(SETTLE_CHECKOUTS, request_of(payee, settled)))
        case NotCharged(reason=reason, state=state):
            await submit(CommandJob(END_CHECKOUTS, request_of(payee, End(checkout_id, state, reason))))


def asking_job(services: Services, submit: Submit) -> Job:
    """The job that asks for what is open: of what was charged, and never told."""
    return Job("checkouts", EVERY_SECONDS, lambda: run_batches(_batches(services, submit), BATCH_SIZE))


async def _batches(services: Services, submit: Submit) -> AsyncIterator[Batch]:
    for cell in await list_cells(services.database):
        yield partial(ask_again, services, submit, cell)


async def ask_again(services: Services, submit: Submit, cell: int) -> int:
    """Asks for some checkouts of a cell whose turn it is, side by side; how many there were."""
    found = await take_checkouts_to_ask_for(services.database, cell, BATCH_SIZE)
    places = asyncio.Semaphore(AT_ONCE)

    async def ask_for(one: ToAskFor) -> None:
        async with places:
            try:
                await _ask_for(services, submit, one)
            except ProcessorAwayError as error:
                _log.warning("processor_away", checkout=one.id, reason=str(error))
            except Exception as error:  # of one: the others have their turns, and so has this one again
                report("checkouts", error, checkout=one.id)

    await asyncio.gather(*map(ask_for, found))
    return len(found)


async def _ask_for(services: Services, submit: Submit, one: ToAskFor) -> None:
    payee = await find_payee(services.database, one.tenant.id)
    checkout = await find_checkout(services.database, one.tenant, one.id)
    if payee is None or checkout is None or checkout.state != "open":
        return
    adapter = ADAPTERS.get(checkout.adapter)
    asked = Ask(services, payee, checkout)
    told = await adapter.ask(asked) if adapter and adapter.ask else None
    is_late = payee.now() >= checkout.expires_at
    if told is None and is_late and adapter and adapter.close and adapter.ask:
        # First nothing more can be paid, then it is asked whether anything was.
        await adapter.close(asked)
        told = await adapter.ask(asked)
    if told is None and is_late:
        told = NotCharged("not_paid_in_time", "expired")
    if told is not None:
        await bring(services.database, submit, payee, checkout.id, told)
