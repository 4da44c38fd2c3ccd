"""A connection that listens: NOTIFY from other processes, as long as PostgreSQL is there to pass it on."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg

from dues.db.errors import Unavailable, translated

RECONNECT_SECONDS = 1.0


async def listen_for_ever(url: str, channel: str, heard: Callable[[str], None]) -> None:
    """Calls `heard` with each payload until cancelled, over a connection of its own that is made again when it
    breaks. What is said in between is lost."""
    while True:
        try:
            with translated():
                await _listen(url, channel, heard)
        except Unavailable:
            pass
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen(url: str, channel: str, heard: Callable[[str], None]) -> None:
    broken = asyncio.Event()
    connection = await asyncpg.connect(url, timeout=5, server_settings={"application_name": "dues listens"})
    try:
        connection.add_termination_listener(lambda _: broken.set())

        def pass_on(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
            heard(str(payload))

        await connection.add_listener(channel, pass_on)
        await broken.wait()
    finally:
        await connection.close(timeout=1)
