"""What is set of a merchant by commands of their own, each in one transaction."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from dues.cli.database import with_database
from dues.cli.merchants import find_merchant
from dues.db.database import Database
from dues.db.transaction import Transaction


def change_merchant(
    merchant: str | None, data: Path | None, save: Callable[[Transaction, str], Awaitable[None]]
) -> dict[str, Any]:
    """The merchant that was meant, once what is set of it was saved: `save` is given its id. Raises
    UnknownMerchantError."""

    async def run(database: Database) -> dict[str, Any]:
        found = await find_merchant(database, merchant)
        async with database.transaction() as tx:
            await save(tx, found["id"])
            await tx.commit()
        return found

    return with_database(data, run)
