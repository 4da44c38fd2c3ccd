"""A mail server on this machine, which takes mail or does what a test wants instead."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

Answer = Callable[[int], str | None]
"""To the so many-th message, counted from 1: what is answered; None: the connection is cut instead."""


SLOW = "slow@example.com"
"""Whoever writes there waits for `slow_seconds`."""


class Mailbox:
    """What came, and how it is answered."""

    def __init__(self) -> None:
        self.port = 0
        self.messages: list[EmailMessage] = []
        self.to: list[str] = []
        self.answer: Answer = lambda number: "250 OK"
        self.slow_seconds = 0.0
        self.loop: asyncio.AbstractEventLoop
        self.stopping: asyncio.Event

    def of(self, mail: dict[str, Any]) -> list[EmailMessage]:
        """What came of a mail. Others may come meanwhile that tests before have left."""
        return [one for one in self.messages if mail["id"] in one["Message-ID"]]

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        """Takes one, and answers as is wanted."""
        content = envelope.content
        assert isinstance(content, bytes)
        message: Any = message_from_bytes(content, policy=default)
        self.messages.append(message)
        self.to += envelope.rcpt_tos
        await asyncio.sleep(self.slow_seconds if SLOW in envelope.rcpt_tos else 0)
        answer = self.answer(len(self.messages))
        if answer is None:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "451 nobody hears this"
        return answer


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """One that is there for a while."""
    box, ready = Mailbox(), threading.Event()

    async def serve() -> None:
        loop, box.stopping = asyncio.get_running_loop(), asyncio.Event()
        box.loop = loop
        server = await loop.create_server(lambda: SMTP(box, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
        box.port = server.sockets[0].getsockname()[1]
        ready.set()
        await box.stopping.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield box
    finally:
        box.loop.call_soon_threadsafe(box.stopping.set)
        thread.join(10)
