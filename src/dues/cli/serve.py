"""`dues serve`: the server."""

import asyncio
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dues.cli.database import Data, database_of
from dues.cli.private_files import private_folder, write_private
from dues.cli.signals import stop_on_signals
from dues.db.database import Database
from dues.settings import Settings, read_settings
from dues.tenants.keys import NewKey
from dues.tenants.merchants import create_first_merchant
from dues.tenants.people.letting_in import invite
from dues.tenants.people.store import count_people
from dues.tenants.store import find_merchants

_CURL = """
  curl -i {base}/billing/accounts \\
    -H {authorization} \\
    -H 'Idempotency-Key: my-first-account' \\
    -H 'Content-Type: application/json' \\
    -d '{{"customer": {{"external_reference": "CUST-1", "name": "Jane Doe"}},
         "external_reference": "UAR1234567890", "currency": "ZAR", "balance": 2000}}'
"""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8080")] = None,
    data: Data = None,
    workers: Annotated[int | None, typer.Option(help="Server processes that share the port.", show_default="1")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.", show_default="info")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the port over from the server that runs on it. No request is lost.")
    ] = False,
) -> None:
    """Serve the API until Ctrl-C. Without DUES_DATABASE_URL, PostgreSQL comes along in the data folder."""
    stop_on_signals()
    # Here, and not above: no other command needs the server, and it takes as long to import as they take to run.
    from dues import server
    from dues.handover import take
    from dues.tracing.wanted import is_wanted

    settings = read_settings(host=host, port=port, data=data, workers=workers, log_level=log_level)
    is_wanted(os.environ)  # and possible; before anything is started
    taken = take(settings.host, settings.port) if replace else None
    try:
        listener = taken.listener if taken else server.listen(settings)
    except OSError as error:
        print(f"dues: cannot listen on {settings.host}:{settings.port}: {error.strerror}.", file=sys.stderr)
        raise typer.Exit(2) from None
    _warn_of_odd_data(settings)
    with database_of(settings, makes=True) as (url, embedded):
        _greet(_base(settings, listener.getsockname()[1]), url, settings)
        server.serve(settings, url, listener, embedded, taken)


def _greet(base: str, url: str, settings: Settings) -> None:
    """Says where it is; the first time also what the keys are, or where: a terminal is read by a person, and anything
    else may be kept in a log."""
    shown = sys.stdout.isatty()
    keys, path = asyncio.run(_first_keys(url, settings, shown))
    if path:
        print("Your keys are in a file that you alone may read. Only their hashes are kept elsewhere:\n")
        print(f"  {path}")
        key = f"$(sed -n 's/^test secret *//p' {shlex.quote(str(path))})"
    elif keys:
        print("Your keys. They are shown this once, and only their hashes are kept:\n")
        for line in _lines(keys):
            print(f"  {line}")
        key = keys[0].secret
    if keys:
        print("\nOpen a first account:")
        print(_CURL.format(base=base, authorization=f'"Authorization: Bearer {key}"'))
    if shown and (link := asyncio.run(_first_link(url, settings))):
        print("\nThe desk, for people in a browser. By this link its first admin comes in, within seven days:\n")
        print(f"  {base}{link}\n")
    print(f"dues serves {base}  (documentation: {base}/docs; Ctrl-C stops it)", flush=True)


async def _first_keys(url: str, settings: Settings, shown: bool) -> tuple[list[NewKey], Path | None]:
    """The keys of a first merchant, made now if there is none; and the file they are in, unless they are shown."""
    written: list[Path] = []

    def write(merchant_id: str, keys: list[NewKey]) -> None:
        path = private_folder(settings) / f"keys-of-{merchant_id}"
        write_private(path, "".join(f"{line}\n" for line in _lines(keys)))
        written.append(path)

    database = await Database.connect(url, 2, settings.between)
    try:
        keep = (lambda merchant_id, keys: None) if shown else write
        keys = await create_first_merchant(database, datetime.now(UTC), settings.cells, keep)
    except BaseException:
        for path in written:
            path.unlink()
        raise
    finally:
        await database.close()
    return keys, written[0] if written else None


async def _first_link(url: str, settings: Settings) -> str | None:
    """The path of a link to the desk, where nobody works there yet and there is one merchant."""
    database = await Database.connect(url, 2, settings.between)
    try:
        async with database.transaction() as tx:
            merchants = await find_merchants(tx)
        if len(merchants) != 1 or await count_people(database):
            return None
        return f"/desk/join/{await invite(database, merchants[0]['id'], '', 'admin')}"
    finally:
        await database.close()


def _lines(keys: list[NewKey]) -> list[str]:
    return [f"{key.mode} {key.kind:6}  {key.secret}" for key in keys]


def _base(settings: Settings, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{port}"


def _warn_of_odd_data(settings: Settings) -> None:
    if not settings.database_url and settings.data.expanduser().resolve() == Path.home():
        print("dues: --data is your home directory; a folder of its own is wiser.", file=sys.stderr)
