"""What can be seen of servers by their sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from dues.db.database import Database
from dues.db.sessions import is_writing, session_name

WRITES = "with w0 as (select pg_sleep(0.5)) select count(*) from w0"
"""As the statement of a group begins."""


@asynccontextmanager
async def two(database_url: str, name: str) -> AsyncIterator[tuple[Database, Database]]:
    """Somebody whose sessions have a name, and who looks."""
    somebody = await Database.connect(database_url, 1, application_name=name)
    looks = await Database.connect(database_url, 1)
    try:
        yield somebody, looks
    finally:
        await somebody.close()
        await looks.close()


async def seen(somebody: Database, looks: Database, statement: str) -> tuple[bool, bool]:
    """Whether somebody is seen to write while a statement runs, and a second after."""
    running = asyncio.create_task(somebody.rows(statement))
    await asyncio.sleep(0.2)
    during = await is_writing(looks)
    await running
    await asyncio.sleep(0.3)
    return during, await is_writing(looks)


@pytest.mark.parametrize(
    ("name", "statement", "found"),
    [
        (lambda: session_name("serves"), WRITES, True),
        (lambda: session_name("serves"), "select pg_sleep(0.5)", False),
        (lambda: session_name("delivers"), WRITES, False),
        (lambda: "", WRITES, False),
    ],
    ids=["a server that writes", "a server that reads", "who delivers", "somebody else"],
)
def test_a_server_that_writes_is_seen_while_it_does(
    database_url: str, name: Callable[[], str], statement: str, found: bool
) -> None:
    async def look() -> tuple[bool, bool]:
        async with two(database_url, name()) as (somebody, looks):
            return await seen(somebody, looks, statement)

    assert asyncio.run(look()) == (found, False)
