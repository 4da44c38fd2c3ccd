"""A connection that listens: NOTIFY from other processes, as long as PostgreSQL is there to pass it on."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from dues.db.errors import BROKEN, Unavailable, translated
from dues.db.hosts import connect, target_of

LOOK_SECONDS: Final = 5.0
"""How often it is seen whether the server is still there: at a frozen one, silence is all that is heard."""

SILENCE_SECONDS: Final = 5.0
"""How long such a look may take, which is none of a millisecond's work."""

APPLICATION_NAME: Final = "dues listens"
"""What PostgreSQL calls these sessions, so that whoever has something to say can see whether anybody listens."""


class Listener:
    """Passes what is said on each channel to its function. What is said while it has no connection is lost."""

    def __init__(self, url: str, channels: Mapping[str, Callable[[str], None]]) -> None:
        self._url = url
        self._channels = channels
        self.session = 0
        """The process id of its session in PostgreSQL; 0 while it hears nothing."""

    async def listen(self) -> None:
        """Listens until the connection breaks. Raises Unavailable."""
        with translated():
            connection = await connect(self._url, server_settings={"application_name": APPLICATION_NAME})
            try:
                await self._listen_on(connection)
            finally:
                self.session = 0
                connection.terminate()
        raise Unavailable("the connection that listens was closed")

    async def _listen_on(self, connection: Any) -> None:
        broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        # Asked for: what the driver was told when it connected may be a pooler's number.
        session = await connection.fetchval("select pg_backend_pid()")
        for channel, heard in self._channels.items():
            await connection.add_listener(channel, lambda *said, heard=heard: heard(str(said[3])))
        self.session = session
        while not broken.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await broken.wait()
                    return
            await self._look(connection)

    async def _look(self, connection: Any) -> None:
        """Hangs up where the server is frozen, or no primary any more: nobody would ever say anything there."""
        timer = asyncio.get_running_loop().call_later(SILENCE_SECONDS, connection.terminate)
        try:
            if await connection.fetchval("select pg_is_in_recovery()"):
                raise Unavailable("the server that it listens to is a standby now")
        except BROKEN:
            # Whoever waits on the other connections of this process may not ask for long yet.
            target_of(self._url).distrust()
            raise
        finally:
            timer.cancel()
