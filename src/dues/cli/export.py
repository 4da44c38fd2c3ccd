"""`dues export`: a list as a CSV file, or everything of a merchant as files of JSON lines."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import typer
from msgspec import Struct

from dues.backups.files import DiskError, Writing, whole_file
from dues.backups.manifest import BackupError
from dues.backups.merchants.write import write_merchant
from dues.cli.bars import counter
from dues.cli.database import AsJson, Data, with_database
from dues.cli.merchants import Merchant, find_merchant
from dues.cli.signals import fail_on_signals
from dues.cli.tenants import Live, print_json
from dues.db.database import Database
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid
from dues.events.feed import Feed
from dues.events.notifier import Notifier
from dues.events.watermark import Watermark
from dues.http.problems import ProblemError
from dues.http.queries import decode_query, invalid
from dues.resources.api import LISTS
from dues.resources.doing import Call, Lists
from dues.resources.exports.write import export
from dues.resources.operation import Operation
from dues.settings import read_settings
from dues.tenants import store
from dues.tenants.keys import key_of_nobody

_KINDS: Final = ", ".join(LISTS)


Kind = Annotated[str | None, typer.Option(help=f"Which list: {_KINDS}.")]
Everything = Annotated[
    bool, typer.Option("--all", help="All that the merchant has, as files of JSON lines, and a manifest.")
]
Status = Annotated[str | None, typer.Option(help="Only those of this status.")]
Customer = Annotated[str | None, typer.Option(help="Only this customer's: id or reference.")]
Account = Annotated[str | None, typer.Option(help="Only this account's: id or reference.")]
Currency = Annotated[str | None, typer.Option(help="Only those in this currency.")]
Where = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Any parameter that the list has in the API: created_at[gte]=…"),
]
Columns = Annotated[str | None, typer.Option(help="These columns and no others, with commas.")]
Amounts = Annotated[Literal["minor", "major"], typer.Option(help="In the smallest unit, or as people write them.")]
Spreadsheet = Annotated[
    bool, typer.Option("--spreadsheet", help="For a spreadsheet, which would take some texts for formulas.")
]


class Written(Struct, frozen=True, kw_only=True):
    """What was written."""

    kind: str
    to: str
    rows: int
    bytes: int
    sha256: str
    seconds: float


def export_lists(
    to: Annotated[
        Path,
        typer.Option(
            metavar="PATH", help="The file to write; one that is there is replaced. With --all: a new folder."
        ),
    ],
    kind: Kind = None,
    everything: Everything = False,
    status: Status = None,
    customer: Customer = None,
    account: Account = None,
    currency: Currency = None,
    where: Where = None,
    columns: Columns = None,
    amounts: Amounts = "minor",
    spreadsheet: Spreadsheet = False,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write a list to a CSV file that `dues import` reads, or all that a merchant has to a folder.

    It is as everything was at one moment, while others go on. What is written is whole, or not there.
    """
    if everything == (kind is not None):
        raise typer.BadParameter("Say --kind and which list, or --all.")
    filters = {"status": status, "customer": customer, "account": account, "currency": currency, "columns": columns}
    asked = {name: text for name, text in filters.items() if text is not None}
    if everything and (asked or where or spreadsheet or amounts != "minor"):
        raise typer.BadParameter("--all goes with no filter and no other form: it has everything as it is kept.")
    fail_on_signals()
    if everything:
        _export_all(to, merchant, live=live, data=data, as_json=as_json)
        return
    if kind not in LISTS:
        raise typer.BadParameter(f"--kind must be one of {_KINDS}.")
    asked |= {"amounts": amounts, "for": "spreadsheet" if spreadsheet else "import"}
    query = _read(LISTS[kind], asked, where or [])

    async def run(database: Database) -> Written:
        call = await call_of(database, merchant, live, query)
        with counter("Exporting") as report:
            return await _write(database, call, kind, to, report)

    written = with_database(data, run)
    if as_json:
        print_json(written)
    else:
        size = f"{written.bytes / 1e6:,.1f} MB in {written.seconds:.1f} s"
        print(f"Exported {written.rows:,} {kind} to {to}: {size}.")


def _read(operation: Operation, asked: dict[str, str], where: Sequence[str]) -> Any:
    """What is asked for, as the API reads it."""
    more = [one.partition("=")[::2] for one in where]
    try:
        return decode_query(urlencode([*asked.items(), *more]).encode(), operation.query)
    except ProblemError as error:
        raise typer.BadParameter(error.detail) from None


async def call_of(database: Database, merchant: str | None, live: bool, query: Any) -> Call:
    """The call of whoever has the database."""
    owner = await find_merchant(database, merchant)
    mode: Literal["live", "test"] = "live" if live else "test"
    tenant, offset = (await store.find_tenants(database, owner["id"]))[mode]
    key = key_of_nobody(tenant, owner["id"], mode, offset, owner["time_zone"])
    feed = Feed(database, Watermark(database), Notifier(database))
    outgoing = read_settings().outgoing
    return Call(key=key, name="", query=query, idempotency_key=None, database=database, feed=feed, outgoing=outgoing)


async def _write(database: Database, call: Call, kind: str, to: Path, report: Callable[[int], None]) -> Written:
    lists = LISTS[kind].does
    assert isinstance(lists, Lists)
    started, rows = time.monotonic(), 0

    def observe(so_far: int) -> None:
        nonlocal rows
        rows = so_far
        report(so_far)

    try:
        document = await export(lists, call, kind, observe)
    except Invalid as error:
        raise typer.BadParameter(invalid(error.violations).detail) from None
    assert not isinstance(document, Refusal), "a list of all refuses nobody"
    with whole_file(to, partial(unwritable, to)) as file:
        writing = Writing(file, lambda _: None)
        try:
            async for part in document.parts:
                writing.add(part)
        except DiskError as error:
            raise unwritable(to, error.error) from error
    made, seconds = writing.done(), round(time.monotonic() - started, 2)
    return Written(kind=kind, to=str(to), rows=rows, bytes=made.bytes, sha256=made.sha256, seconds=seconds)


def unwritable(to: Path, error: OSError) -> BackupError:
    """What is said where a disk refuses a file."""
    return BackupError(f"{to} cannot be written: {error.strerror}. Nothing of it is left there.")


def _export_all(to: Path, merchant: str | None, *, live: bool, data: Path | None, as_json: bool) -> None:
    started = time.monotonic()

    async def run(database: Database) -> Any:
        call = await call_of(database, merchant, live, None)
        with counter("Exporting") as report:
            return await write_merchant(database.url, call.tenant, call.key.merchant_id, call.key.mode, to, report)

    made = with_database(data, run)
    if as_json:
        print_json({"to": str(to), "rows": made.rows, "ledgers": made.heads.rows, "taken_at": made.taken_at})
        return
    print(
        f"Exported {made.rows:,} rows and the heads of {made.heads.rows:,} ledgers to {to} "
        f"in {time.monotonic() - started:.1f} s."
    )
