"""How a server stops without dropping anybody: it says so first, and closes the port when nobody comes any more."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn

from dues.http.connections import Connections

TICK_SECONDS: Final = 0.05

QUIET: Final = 4
"""Nobody has called for this part of the time: whoever sends clients here has stopped to."""

LAST_SECONDS: Final = 1.0
"""How long a client that was let in at the last moment has to say what it wants."""

_log = structlog.get_logger()


class DrainingServer(uvicorn.Server):
    """uvicorn's server, but for how it stops.

    `on_stopping` is called as soon as it is told to, `on_closing` when the port is closed.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        connections: Connections,
        drain_seconds: float,
        *,
        on_stopping: Callable[[], None] = lambda: None,
        on_closing: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._drain_seconds = drain_seconds
        self._on_stopping = on_stopping
        self._on_closing = on_closing
        self.serving = asyncio.Event()
        """Set once clients are taken."""
        self.is_replaced = False
        """Whether another server has the port, or will have: once this one stops, it takes no more clients."""
        self.hurries = False
        """Whether nobody is to be waited for who is not here yet."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: drains first. SIGINT, or a second signal: somebody waits for the end."""
        self.hurries |= self.should_exit or sig == signal.SIGINT
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """From here on clients are taken."""
        await super().startup(sockets)
        self.serving.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers all who are here or on their way; returns when they are gone."""
        self._on_stopping()
        self._connections.entrance.stopping.set()
        _log.info("stopping", replaced=self.is_replaced, connections=len(self.server_state.connections))
        if self.is_replaced:
            await self._close_port(sockets or [])
        await self._drain()
        await self._let_in_last(sockets or [])
        self._on_closing()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        until = time.perf_counter() + self._drain_seconds
        while not self.hurries and (now := time.perf_counter()) < until:
            if self.is_replaced and not self.server_state.connections:
                return
            if now - self._connections.entrance.asked_at > self._drain_seconds / QUIET:
                return
            await asyncio.sleep(TICK_SECONDS)
            await self.on_tick(0)  # answers have the time in them

    async def _let_in_last(self, sockets: list[socket.socket]) -> None:
        """Whoever the kernel has let in is let in here, too, before the port is closed: it was promised an answer."""
        listening = [sock.dup() for sock in sockets if sock.fileno() >= 0]
        await self._close_port(sockets)
        for sock in listening:
            sock.setblocking(False)
            sock.listen(0)
            await self._accept_all(sock)
        if not self.hurries:
            until = time.perf_counter() + LAST_SECONDS
            while self._connections.has_silent and time.perf_counter() < until:
                await asyncio.sleep(TICK_SECONDS / 10)
                for sock in listening:
                    await self._accept_all(sock)
        for sock in listening:
            await self._accept_all(sock)
            sock.close()

    async def _accept_all(self, sock: socket.socket) -> None:
        while True:
            try:
                client, _ = sock.accept()
            except OSError:
                return
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, client)

    async def _close_port(self, sockets: list[socket.socket]) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets:
            sock.close()
        await asyncio.sleep(0)

    def _protocol(self) -> Any:
        protocol: Any = self.config.http_protocol_class
        return protocol(config=self.config, server_state=self.server_state, app_state={})
