"""`dues migrate`: the schema is brought up to date by its owner, for servers that may not change it."""

import asyncio
from typing import Annotated

import typer

from dues.cli.database import Data, opened
from dues.db.migrate import grant_to, migrate
from dues.settings import read_settings


def migrate_schema(
    grant: Annotated[
        str | None,
        typer.Option(
            "--grant-to",
            help="Grant this role what a server needs, and nothing else. What later versions need is granted to it "
            "when they migrate.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Bring the schema up to date, as the owner of the database. So does every other command whose role may do that."""
    with opened(read_settings(data=data)) as (url, _):
        for name in asyncio.run(migrate(url)):
            print(f"Applied {name}.")
        if grant:
            for statement in asyncio.run(grant_to(url, grant)):
                print(f"{statement};")
    print("The schema is current.")
