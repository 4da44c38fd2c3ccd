"""Sends what is due: takes mails, writes each, gives it to the mail server, and notes what became of it.

Whoever dies in between leaves a lease that ends by itself. The mail is sent again then, with the same Message-ID, and
says that it may come twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

import structlog

from dues.background import Batch, Job, run_batches
from dues.commands.job import Job as CommandJob
from dues.db.database import Database
from dues.db.errors import Transient
from dues.db.installation import find_installation
from dues.mails.message import compose
from dues.mails.server import MailServer
from dues.mails.smtp import Sent, send
from dues.pages.paper import Printer
from dues.resources.checkouts.bring import Submit, request_of
from dues.resources.mails.end import END_MAILS, Ended
from dues.resources.mails.store import ToSend, save_again, take_mails_to_send
from dues.tenants.payees.store import find_payee
from dues.tenants.store import list_cells
from dues.webhooks.outgoing import Outgoing

EVERY_SECONDS: Final = 2.0

AT_ONCE: Final = 20

RETRY_SECONDS: Final = (60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 24 * 3600)
"""After the first attempt, the second, …: nearly two days in all, after which nobody waits for a receipt."""

JITTER: Final = 0.1

_log = structlog.get_logger()


class Post:
    """Sends mails in one process; any number may."""

    def __init__(
        self, database: Database, submit: Submit, server: MailServer, printer: Printer, outgoing: Outgoing
    ) -> None:
        self._database, self._submit, self._server = database, submit, server
        self._printer, self._outgoing = printer, outgoing

    async def batches(self) -> AsyncIterator[Batch]:
        """What is due, cell by cell; nothing while deliveries are held, as in a restored copy."""
        if (await find_installation(self._database)).deliveries_held_at is not None:
            return
        for cell in await list_cells(self._database):
            yield partial(self.send_some, cell)

    async def send_some(self, cell: int) -> int:
        """Sends some mails of a cell; how many there were."""
        found = await take_mails_to_send(self._database, cell, AT_ONCE)
        await asyncio.gather(*(self._send(one) for one in found))
        return len(found)

    async def _send(self, one: ToSend) -> None:
        try:
            sent = await self._try(one)
        except Transient as error:
            sent = Sent("again", f"The server was too busy: {error}")
        except Exception as error:
            # One that cannot be written must not keep others waiting, and is looked at by whoever reads the log.
            _log.exception("mail_not_written", mail=one.mail.id)
            sent = Sent("again", f"It could not be written: {type(error).__name__}.")
        if sent.state == "again" and one.mail.attempts <= len(RETRY_SECONDS):
            seconds = RETRY_SECONDS[one.mail.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
            await save_again(self._database, one, seconds, sent.reason or "", sent.is_unclear)
            return
        payee = await find_payee(self._database, one.tenant.id)
        assert payee is not None, "tenants are kept"
        ended = Ended(one.mail.id, "sent" if sent.state == "sent" else "failed", sent.reason, sent.is_unclear)
        await self._submit(CommandJob(END_MAILS, request_of(payee, ended)))

    async def _try(self, one: ToSend) -> Sent:
        message = await compose(self._database, one, self._server.sender, self._printer, self._outgoing)
        if isinstance(message, str):
            return Sent("failed", message)
        return await send(self._server, one.mail.address, message)


def mailing_job(post: Post) -> Job:
    """The job that sends what is due."""
    return Job("mails", EVERY_SECONDS, lambda: run_batches(post.batches(), AT_ONCE))
