"""The `dues` command."""

import sys
from typing import Annotated

import typer

from dues.cli import clock, database, deliver, deliveries, keys, listen, merchants, migrate, serve, verify, webhooks
from dues.cli.private_files import PrivateFileError
from dues.db.connecting import CannotConnect
from dues.db.embedded import EmbeddedPostgresError
from dues.db.errors import Unavailable
from dues.db.grants import RoleError
from dues.db.migrate import NoDatabase, PostgresTooOld, SchemaTooNew
from dues.db.pooler_seen import OtherPooler
from dues.settings import SettingsError

app = typer.Typer(
    name="dues",
    help="A billing accounts server that a company trusts with what its customers owe.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=lambda wanted: _version(wanted), is_eager=True),
    ] = False,
) -> None:
    """A billing accounts server that a company trusts with what its customers owe."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata  # here, and not above: no command needs it

        print(f"dues {metadata.version('dues')}")
        raise typer.Exit


app.command()(serve.serve)
app.command()(deliver.deliver)
app.command()(listen.listen)
app.command(name="verify")(verify.verify_books)
app.command(name="migrate")(migrate.migrate_schema)
app.command(name="database-url")(database.database_url)
app.add_typer(keys.app, name="keys")
app.add_typer(merchants.app, name="merchants")
deliveries.add_commands(webhooks.app)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(clock.app, name="clock")


def main() -> None:
    """Runs the command; what a person can mend is one sentence on standard error and exit status 2."""
    try:
        app()
    except (
        SettingsError,
        EmbeddedPostgresError,
        CannotConnect,
        OtherPooler,
        NoDatabase,
        SchemaTooNew,
        PostgresTooOld,
        RoleError,
        PrivateFileError,
    ) as error:
        _fail(str(error))
    except Unavailable as error:
        _fail(f"The database does not answer: {error}".splitlines()[0])


def _fail(sentence: str) -> None:
    print(f"dues: {sentence}", file=sys.stderr)
    sys.exit(2)
