"""`dues serve`: the server."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dues.cli.database import Data, database_of
from dues.cli.signals import stop_on_signals
from dues.db.database import Database
from dues.settings import Settings, read_settings
from dues.tenants.keys import NewKey
from dues.tenants.merchants import create_first_merchant

_CURL = """
  curl -i {base}/billing/accounts \\
    -H 'Authorization: Bearer {key}' \\
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
) -> None:
    """Serve the API until Ctrl-C. Without DUES_DATABASE_URL, PostgreSQL comes along in the data folder."""
    stop_on_signals()
    # Here, and not above: no other command needs the server, and it takes as long to import as they take to run.
    from dues import server

    settings = read_settings(host=host, port=port, data=data, workers=workers, log_level=log_level)
    try:
        listener = server.listen(settings)
    except OSError as error:
        print(f"dues: cannot listen on {settings.host}:{settings.port}: {error.strerror}.", file=sys.stderr)
        raise typer.Exit(2) from None
    _warn_of_odd_data(settings)
    with database_of(settings) as (url, embedded):
        _greet(_base(settings, listener.getsockname()[1]), asyncio.run(_first_keys(url, settings.cells)))
        server.serve(settings, url, listener, embedded)


async def _first_keys(url: str, cells: int) -> list[NewKey]:
    database = await Database.connect(url, connections_max=2)
    try:
        return await create_first_merchant(database, datetime.now(UTC), cells)
    finally:
        await database.close()


def _base(settings: Settings, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{port}"


def _greet(base: str, keys: list[NewKey]) -> None:
    if keys:
        print("Your keys. They are shown this once, and only their hashes are kept:\n")
        for key in keys:
            print(f"  {key.mode} {key.kind:6}  {key.secret}")
        print("\nOpen a first account:")
        print(_CURL.format(base=base, key=keys[0].secret))
    print(f"dues serves {base}  (documentation: {base}/docs; Ctrl-C stops it)", flush=True)


def _warn_of_odd_data(settings: Settings) -> None:
    if not settings.database_url and settings.data.expanduser().resolve() == Path.home():
        print("dues: --data is your home directory; a folder of its own is wiser.", file=sys.stderr)
