"""`dues clock`: what time it is for a merchant's test data."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from dues.cli.database import AsJson, Data
from dues.cli.merchants import Merchant
from dues.cli.tenants import ask
from dues.commands.command import Procedure
from dues.domain.clock import ClockAdvance
from dues.domain.refusals import Refusal
from dues.resources.clock.advance import ADVANCE_TEST_CLOCKS
from dues.resources.clock.read import READ_TEST_CLOCKS
from dues.resources.clock.wire import ClockBody

app = typer.Typer(help="The test clock of a merchant: what time it is for its test data.", no_args_is_help=True)


@app.command()
def show(merchant: Merchant = None, data: Data = None, as_json: AsJson = False) -> None:
    """Show what time it is for a merchant's test data."""
    _print_clock(_ask(READ_TEST_CLOCKS, None, merchant, data), as_json)


@app.command()
def advance(
    seconds: Annotated[
        int | None, typer.Option(help="By how many seconds: 86400 is a day.", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="To this time, with its offset from UTC: 2026-01-31T12:00:00Z.", show_default=False),
    ] = None,
    merchant: Merchant = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Move that time forward, for good. Every server follows within a second. Live data has the real time, always."""
    _print_clock(_ask(ADVANCE_TEST_CLOCKS, _wanted(seconds, to), merchant, data), as_json)


def _wanted(seconds: int | None, to: str | None) -> ClockAdvance:
    try:
        wanted = msgspec.convert({"seconds": seconds, "to": to}, ClockAdvance)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from None
    if any(wanted.cross_check()):
        raise typer.BadParameter("give either --seconds or --to: how far?")
    return wanted


def _ask(command: Procedure, body: object, merchant: str | None, data: Path | None) -> ClockBody:
    outcome = ask(command, body, merchant, live=False, data=data)
    if isinstance(outcome, Refusal):
        raise typer.BadParameter(outcome.detail)
    return msgspec.json.decode(outcome.json, type=ClockBody)


def _print_clock(clock: ClockBody, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(clock).decode())
    else:
        ahead = f"{clock.offset_seconds} seconds ahead of the server" if clock.offset_seconds else "the server's time"
        print(f"{clock.now:%Y-%m-%d %H:%M:%S} UTC, {ahead}.")
