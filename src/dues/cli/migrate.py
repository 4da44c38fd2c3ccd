"""`dues migrate`: the schema is brought up to date by its owner, for servers that may not change it."""

import asyncio
from typing import Annotated

import msgspec
import typer

from dues.cli.database import AsJson, Data, opened
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
    as_json: AsJson = False,
) -> None:
    """Bring the schema up to date, as the owner of the database. So does every other command whose role may do that.

    It says which migrations it applied, and what it granted.
    """
    with opened(read_settings(data=data)) as (url, _):
        applied = asyncio.run(migrate(url))
        if not as_json:
            for name in applied:
                print(f"Applied {name}.")
        granted = asyncio.run(grant_to(url, grant)) if grant else []
    if as_json:
        print(msgspec.json.encode({"applied": applied, "granted": granted}).decode())
        return
    for statement in granted:
        print(f"{statement};")
    print("The schema is current." if applied else "The schema is current: there was nothing to apply.")
