"""Passes connections on, from sockets that were opened elsewhere to addresses that only this process can reach.

`python relay.py FD=HOST:PORT …`: a socket belongs to the network in which it was opened, whoever accepts on it.
"""

import asyncio
import socket
import sys
from contextlib import suppress


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    writer.close()


async def _serve(listener: socket.socket, host: str, port: int) -> None:
    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(3):
                there_reader, there_writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        await asyncio.gather(_pipe(reader, there_writer), _pipe(there_reader, writer))

    server = await asyncio.start_server(passed_on, sock=listener)
    await server.serve_forever()


async def _main(arguments: list[str]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for argument in arguments:
            number, _, address = argument.partition("=")
            host, _, port = address.partition(":")
            tasks.create_task(_serve(socket.socket(fileno=int(number)), host, int(port)))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
