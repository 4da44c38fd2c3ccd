"""Databases beside that of the tests, with nothing in them."""

import asyncio
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg


class EmptyDatabases:
    """Makes databases with nothing in them, and removes them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names: list[str] = []

    def new(self, like: str = "/template0", encoding: str = "UTF8") -> str:
        """The URL of another one; a copy, down to the numbers of its tables, of one to which nobody is connected."""
        self._names.append(f"empty_{uuid4().hex}")
        self._execute(f"create database {self._names[-1]} template {urlsplit(like).path[1:]} encoding '{encoding}'")
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{self._names[-1]}"))

    def close(self) -> None:
        """Removes them all."""
        for name in self._names:
            self._execute(f"drop database {name} with (force)")

    def _execute(self, query: str) -> None:
        execute(self._url, query)


def execute(url: str, query: str) -> None:
    """Runs statements."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(query)
        finally:
            await connection.close()

    asyncio.run(run())
