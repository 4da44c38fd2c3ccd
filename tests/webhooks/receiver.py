"""Endpoints that webhooks are sent to: they answer with any bytes, at any speed, and keep what they were sent."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult

from dues.webhooks.destinations import Destinations
from dues.webhooks.outcome import Outcome
from dues.webhooks.sending import Sender

Result = TypeVar("Result")


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs it, within ten seconds, on the event loop that servers have."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(coroutine, 10))


def answer(status: int = 200, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} So", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Request:
    """What arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""The bytes of an answer, or who writes them."""


@dataclass
class Receiver:
    """An endpoint on 127.0.0.1. After an answer it waits for the next request on the same connection."""

    answer: Answer
    port: int = 0
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a connection was closed by whoever sent."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Where it is, by any name."""
        return f"{scheme}://{host}:{self.port}/hook"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            while True:
                self.requests.append(await _read(reader))
                if isinstance(self.answer, bytes):
                    writer.write(self.answer)
                    await writer.drain()
                else:
                    await self.answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            self.closed.set()
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()

    async def aclose(self) -> None:
        """Ends every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *rest = head.split("\r\n")[:-2]
    headers = {name.lower(): text.strip() for name, _, text in (one.partition(":") for one in rest)}
    return Request(line, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@contextlib.asynccontextmanager
async def receiving(answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver that answers so."""
    receiver = Receiver(answers)
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.aclose()


class Names(AbstractResolver):
    """What names resolve to: each look-up gives the next of these answers, the last for good; none at all: no name."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of the next answer."""
        self.asked.append(host)
        if not self._answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for one in addresses
        ]

    async def close(self) -> None:
        """Has nothing to close."""


@contextlib.asynccontextmanager
async def sender(*, allow_private: bool = True, **options: Any) -> AsyncIterator[Sender]:
    """A sender, which may send to this machine unless told otherwise."""
    made = Sender(Destinations(allow_private=allow_private), **options)
    try:
        yield made
    finally:
        await made.aclose()


def attempt(
    answers: Answer,
    *,
    times: int = 1,
    host: str = "127.0.0.1",
    server_tls: ssl.SSLContext | None = None,
    **options: Any,
) -> tuple[Outcome, Receiver]:
    """Sends to a receiver that answers so: the last outcome, and the receiver."""

    async def sending() -> tuple[Outcome, Receiver]:
        async with receiving(answers, server_tls) as receiver, sender(**options) as one:
            url = receiver.url(host, "https" if server_tls else "http")
            for _ in range(times):
                outcome = await one.send(url, {"webhook-id": "evt_1"}, b'{"id":"evt_1"}')
            return outcome, receiver

    return run(sending())
