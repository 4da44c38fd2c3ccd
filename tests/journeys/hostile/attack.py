"""`python -m tests.journeys.hostile.attack KIND PORT SECONDS`: a hostile client without a key, a process of its own."""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from secrets import token_hex
from typing import Any

Attack = Callable[[int], Coroutine[Any, Any, None]]


async def _idle(port: int) -> None:
    """Connects, and says nothing."""
    reader, _ = await asyncio.open_connection("127.0.0.1", port)
    await reader.read()


async def _resting(port: int) -> None:
    """Asks once, and says nothing more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.read()
    await reader.read()


async def _slow_head(port: int) -> None:
    """A head that comes a byte at a time."""
    await _byte_by_byte(port, b"POST /billing/accounts HTTP/1.1\r\nX: ")


async def _slow_body(port: int) -> None:
    """A body that comes a byte at a time."""
    await _byte_by_byte(port, b"POST /billing/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")


async def _byte_by_byte(port: int, begin: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    while not reader.at_eof() and not writer.is_closing():
        writer.write(b"x")
        await asyncio.sleep(0.5)
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.01)


async def _huge_head(port: int) -> None:
    """A head that never ends, as fast as it goes."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX: ")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _many_fields(port: int) -> None:
    """A head of countless fields."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000)
    await writer.drain()
    writer.close()


async def _slow_reader(port: int) -> None:
    """Asks for much, and reads nothing."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(20):
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        await writer.drain()
    await asyncio.sleep(60)


async def _pipelining(port: int) -> None:
    """Asks a thousand times before it reads an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(10):
        writer.write(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    while await reader.read(65_536):
        pass


async def _guessing(port: int) -> None:
    """One key after another that is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        key = f"sk_test_{token_hex(14)}"
        writer.write(f"GET /billing/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        if not await reader.read(65_536):
            return


async def _connecting(port: int) -> None:
    """Connects and goes away."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


ATTACKS: dict[str, tuple[Attack, int]] = {
    "idle": (_idle, 1_100),
    "resting": (_resting, 1_100),
    "slow-heads": (_slow_head, 1_100),
    "slow-bodies": (_slow_body, 1_100),
    "huge-heads": (_huge_head, 20),
    "many-fields": (_many_fields, 20),
    "slow-readers": (_slow_reader, 300),
    "pipelining": (_pipelining, 100),
    "guessing": (_guessing, 100),
    "connecting": (_connecting, 100),
}
"""What each does over and over again, and how many do so at a time."""


async def _over_and_over(attack: Callable[[], Awaitable[None]], until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(attack(), left)
        await asyncio.sleep(0.01)


async def _main(kind: str, port: int, seconds: float) -> None:
    attack, how_many = ATTACKS[kind]
    until = time.monotonic() + seconds
    await asyncio.gather(*(_over_and_over(lambda: attack(port), until) for _ in range(how_many)))


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4_096), most))
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
