"""A host in front of a PostgreSQL, which can stand still, hang up, and tell who called."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Proxy:
    """Passes on what comes on a port of loopback to the socket of a PostgreSQL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = str(Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432")
        self._user, self._database = parts.username, parts.path
        self._goes_on = asyncio.Event()
        self._goes_on.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.calls = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """From entry to exit."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.hang_up()
            server.close()
            self.go_on()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, *before: int) -> str:
        """How it is connected to; hosts at the ports `before` are named first."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in (*before, self.port))
        return f"postgresql://{self._user}@{hosts}{self._database}"

    def freeze(self) -> None:
        """From here on it takes connections, and whatever is sent, and says nothing."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """What has come meanwhile is passed on."""
        self._goes_on.set()

    def hang_up(self) -> None:
        """On everybody."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        task = asyncio.current_task()
        assert task
        self._tasks.append(task)
        self._writers.append(writer)
        await self._goes_on.wait()
        if writer.transport.is_closing():
            return
        there_reader, there = await asyncio.open_unix_connection(self._path)
        self._writers.append(there)
        await asyncio.gather(self._pipe(reader, there), self._pipe(there_reader, writer))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(65_536):
                await self._goes_on.wait()
                writer.write(some)
                await writer.drain()
        writer.transport.abort()
