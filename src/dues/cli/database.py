"""How commands reach the database, and `dues database-url`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
import typer

from dues.db.address import host_of
from dues.db.database import Database
from dues.db.embedded import EmbeddedPostgres
from dues.db.migrate import NoDatabase, migrate, refuse_empty
from dues.db.pooler_seen import refuse_other_pooler
from dues.settings import Settings, read_settings

Result = TypeVar("Result")

Data = Annotated[
    Path | None,
    typer.Option(help="The folder of the embedded PostgreSQL.", envvar="DUES_DATA", show_default="./data"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
AlwaysJson = Annotated[bool, typer.Option("--json", help="It prints JSON, with or without this.", show_default=False)]
"""Of commands whose objects have too much in them for a line."""


def place_of(settings: Settings) -> str:
    """How people call the database: its folder, or its name and host."""
    if not settings.database_url:
        return str(settings.data.expanduser().absolute())
    url = _sessions_url(settings)
    return f"{urlsplit(url).path.lstrip('/') or 'the database'} at {host_of(url)}"


def _sessions_url(settings: Settings) -> str:
    return settings.session_database_url or settings.database_url


@contextmanager
def opened(settings: Settings, *, makes: bool = False) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """The database's URL, past any pooler and whatever is in it; and the embedded server if there is one, kept as long
    as needed.

    Raises OtherPooler where what lies between is not what the settings say; and NoDatabase where there is none in the
    folder, unless who asks `makes` one.
    """
    if settings.database_url:
        asyncio.run(refuse_other_pooler(_sessions_url(settings), settings.between))
        yield _sessions_url(settings), None
        return
    embedded = EmbeddedPostgres(settings.data, Path(settings.archive) if settings.archive else None)
    if not makes and not embedded.exists:
        raise NoDatabase(
            f"There is no database in {place_of(settings)}. `dues serve` makes one; --data, or DUES_DATA, says where "
            "it is."
        )
    try:
        yield embedded.open(), embedded
    finally:
        embedded.close()


@contextmanager
def database_of(settings: Settings, *, makes: bool = False) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """The same, its schema current; also one at a URL has to be there already, unless who asks `makes` it."""
    with opened(settings, makes=makes) as (url, embedded):
        if not makes:
            asyncio.run(refuse_empty(url, place_of(settings)))
        asyncio.run(migrate(url))
        yield url, embedded


def with_database(data: Path | None, command: Callable[[Database], Awaitable[Result]]) -> Result:
    """Runs `command` on the database that the settings name."""

    settings = read_settings(data=data)

    async def run(url: str) -> Result:
        database = await Database.connect(url, 2, settings.between)
        try:
            return await command(database)
        finally:
            await database.close()

    with database_of(settings) as (url, _):
        return asyncio.run(run(url))


def database_url(data: Data = None, as_json: AsJson = False) -> None:
    """Print the URL of the database: `psql "$(dues database-url)"` while the server runs."""
    with database_of(read_settings(data=data)) as (url, _):
        print(msgspec.json.encode({"url": url}).decode() if as_json else url)
