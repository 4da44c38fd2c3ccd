"""A way to one node that can be cut: whoever goes by it finds nobody there, until it is mended."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any

from tests.running import free_port

CHUNK = 65_536


class Relay:
    """Passes on what comes to a port of its own, in a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self.address = "127.0.0.1", free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.mend()

    def cut(self) -> None:
        """Hangs up on everybody, and lets nobody in."""
        self._run(self._cut())

    def mend(self) -> None:
        """Lets everybody in again."""
        self._run(self._open())

    def close(self) -> None:
        """Ends it."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, *self.address)

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there_reader, there = await asyncio.open_connection(*self._target)
            both = {writer, there}
            self._writers |= both
            try:
                await asyncio.gather(_pass_on(reader, there), _pass_on(there_reader, writer))
            finally:
                self._writers -= both
                for one in both:
                    one.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while said := await reader.read(CHUNK):
            writer.write(said)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
