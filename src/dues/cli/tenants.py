"""Which merchant, in which mode: options that several commands have."""

from typing import Annotated

import typer

from dues.cli.merchants import Merchant, find_merchant
from dues.db.database import Database
from dues.tenants import store

__all__ = ["Live", "Merchant", "find_tenant"]

Live = Annotated[bool, typer.Option("--live", help="Live data. Without it: test data.")]


async def find_tenant(database: Database, merchant: str | None, live: bool) -> tuple[int, int]:
    """The tenant of a merchant (where there is one only, it need not be named) and mode, and its clock's offset."""
    owner = await find_merchant(database, merchant)
    row = await store.find_tenant(database, owner["id"], "live" if live else "test")
    return row["id"], row["clock_offset_seconds"]
