"""How commands reach the database, and `dues database-url`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from dues.db.database import Database
from dues.db.embedded import EmbeddedPostgres
from dues.db.migrate import migrate
from dues.settings import Settings, read_settings

Result = TypeVar("Result")

Data = Annotated[
    Path | None,
    typer.Option(help="The folder of the embedded PostgreSQL.", envvar="DUES_DATA", show_default="./data"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """The database's URL, whatever is in it; and the embedded server if there is one, kept as long as needed."""
    if settings.database_url:
        yield settings.database_url, None
        return
    embedded = EmbeddedPostgres(settings.data)
    try:
        yield embedded.open(), embedded
    finally:
        embedded.close()


@contextmanager
def database_of(settings: Settings) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """The same, its schema current."""
    with opened(settings) as (url, embedded):
        asyncio.run(migrate(url))
        yield url, embedded


def with_database(data: Path | None, command: Callable[[Database], Awaitable[Result]]) -> Result:
    """Runs `command` on the database that the settings name."""

    async def run(url: str) -> Result:
        database = await Database.connect(url, connections_max=2)
        try:
            return await command(database)
        finally:
            await database.close()

    with database_of(read_settings(data=data)) as (url, _):
        return asyncio.run(run(url))


def database_url(data: Data = None) -> None:
    """Print the URL of the database: `psql "$(dues database-url)"` while the server runs."""
    with database_of(read_settings(data=data)) as (url, _):
        print(url)
