"""This machine, listening: what calls it is counted, and what would leave it is noted and stopped."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any


class Watched(asyncio.SelectorEventLoop):
    """Notes every address that something tries to connect to, and lets nothing leave the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: list[str] = []

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connects, if that is to this machine."""
        self.tried.append(address[0])
        one = ip_address(address[0].partition("%")[0])
        one = getattr(one, "ipv4_mapped", None) or one
        if not one.is_loopback and not one.is_unspecified:
            raise OSError(f"{address[0]} is out of bounds for a test.")
        await super().sock_connect(sock, address)


def watched(work: Callable[[], Awaitable[None]]) -> list[str]:
    """Runs it: the addresses that it tried to connect to."""

    async def limited() -> None:
        await asyncio.wait_for(work(), 10)

    loop = Watched()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(limited())
    return loop.tried


class Listeners:
    """This machine, listening on one port of its addresses, IPv6 included where there is that, and counting."""

    def __init__(self) -> None:
        self.calls = 0
        self._servers: list[asyncio.Server] = []

    async def open(self) -> int:
        """Listens; the port."""
        port = 0
        for host in ("127.0.0.1", "127.255.255.254", "::1"):
            with contextlib.suppress(OSError):
                server = await asyncio.start_server(self._count, host, port)
                port = server.sockets[0].getsockname()[1]
                self._servers.append(server)
        return port

    def _count(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        writer.transport.abort()

    def close(self) -> None:
        """Listens no longer."""
        for server in self._servers:
            server.close()


def has_ipv6() -> bool:
    """Whether this machine has it, if only for itself."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
