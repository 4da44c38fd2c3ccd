"""`dues close`: close all days up to one, and write the folder that an auditor asks for."""

import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from dues.backups.files import whole_file
from dues.books.verify import Finding, verify_tenant
from dues.cli.database import AsJson, Data, with_database
from dues.cli.export import call_of, unwritable
from dues.cli.merchants import Merchant
from dues.cli.signals import fail_on_signals
from dues.cli.tenants import Live, ask, print_json
from dues.db.database import Database
from dues.domain.closings import NewClosing
from dues.domain.refusals import Refusal
from dues.resources.closings.close import CREATE_CLOSINGS
from dues.resources.closings.folder.write import ClosingDiffersError, write_folder
from dues.resources.closings.store import closing_body, find_closed_through
from dues.resources.closings.wire import ClosingBody


class Done(Struct, frozen=True, kw_only=True):
    """What was closed, and where its folder is."""

    closing: ClosingBody
    was_closed_before: bool
    folder: str | None = None
    seconds: float


def close_days(
    through: Annotated[str, typer.Option(metavar="DAY", help="The last day that is closed: 2026-01-31. It is over.")],
    folder: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The ZIP file to write, or to replace: all that an auditor asks for."),
    ] = None,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Close all days up to one: what is of these days can only be entered with a reason from then on.

    Days are the merchant's. Where just these days are closed already, it writes the folder alone.
    """
    try:
        day = date.fromisoformat(through)
    except ValueError:
        raise typer.BadParameter("--through must be a day, like 2026-01-31.") from None
    fail_on_signals()
    started = time.monotonic()
    outcome = ask(CREATE_CLOSINGS, NewClosing(through=day), merchant, live, data)
    refused = outcome if isinstance(outcome, Refusal) else None

    async def run(database: Database) -> Done:
        call = await call_of(database, merchant, live, None)
        closing = await find_closed_through(database, call.tenant, day)
        if closing is None or (refused and refused.code != "already_closed"):
            raise typer.BadParameter(refused.detail if refused else "Somebody has opened these days again.")

        async def verify() -> list[Finding]:
            return [finding async for finding in verify_tenant(database.url, call.tenant)]

        if folder:
            with whole_file(folder, partial(unwritable, folder)) as file:
                try:
                    await write_folder(call, closing, file, verify)
                except ClosingDiffersError as error:
                    raise typer.BadParameter(f"{error}: `dues verify` says what is wrong.") from None
        return Done(
            closing=closing_body(closing),
            was_closed_before=refused is not None,
            folder=str(folder) if folder else None,
            seconds=round(time.monotonic() - started, 2),
        )

    done: Any = with_database(data, run)
    if as_json:
        print_json(done)
        return
    print(f"{'Closed before' if done.was_closed_before else 'Closed'}: all days through {day} ({done.closing.id}).")
    if folder:
        print(f"Wrote {folder} in {done.seconds:.1f} s. Unpacked, it is checked by: sha256sum -c SHA256SUMS")
