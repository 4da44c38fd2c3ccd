"""A connection that listens: NOTIFY from other processes, as long as PostgreSQL is there to pass it on."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from dues.db.connecting import connect
from dues.db.errors import Unavailable, translated

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
                await connection.close(timeout=1)
        raise Unavailable("the connection that listens was closed")

    async def _listen_on(self, connection: Any) -> None:
        broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        # Asked for: what the driver was told when it connected may be a pooler's number.
        session = await connection.fetchval("select pg_backend_pid()")
        for channel, heard in self._channels.items():
            await connection.add_listener(channel, lambda *said, heard=heard: heard(str(said[3])))
        self.session = session
        await broken.wait()
