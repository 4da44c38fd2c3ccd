"""`dues webhooks release`: what a restored copy holds may be sent."""

from typing import Annotated

import msgspec
import typer

from dues.cli.database import AsJson, Data, with_database
from dues.db.database import Database
from dues.webhooks.holding.release import release_deliveries


def release(
    skip_pending: Annotated[
        bool, typer.Option("--skip-pending", help="Send nothing that happened before: only what happens from now on.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let deliveries go that are held since this database was restored from a backup. They are those of all merchants.

    Where the original has gone on after the backup, it has sent some of what waits here: skip that. What was skipped
    can still be sent with `dues webhooks resend`.
    """

    async def run(database: Database) -> bool:
        return await release_deliveries(database, skip_pending=skip_pending)

    released = with_database(data, run)
    if as_json:
        print(msgspec.json.encode({"released": released, "skipped_pending": released and skip_pending}).decode())
    elif not released:
        print("Deliveries are not held.")
    elif skip_pending:
        print("What happens from now on is delivered. What happened before is not.")
    else:
        print("Deliveries go on, with all that has waited.")
