"""The `dues` command."""

import os
import sys
import traceback
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from dues.backups.manifest import BackupError
from dues.cli import (
    backup,
    bank_account,
    brand,
    cash_point,
    clock,
    close,
    database,
    deliver,
    deliveries,
    demo,
    export,
    imports,
    journal,
    keys,
    listen,
    merchants,
    migrate,
    people,
    release,
    restore,
    serve,
    status,
    stripe_account,
    verify,
    webhooks,
    work,
)
from dues.cli.private_files import PrivateFileError
from dues.db.archives.folder import ArchiveError
from dues.db.connecting import CannotConnect
from dues.db.embedded import EmbeddedPostgresError
from dues.db.errors import Unavailable
from dues.db.grants import RoleError
from dues.db.migrate import NoDatabase, PostgresTooOld, SchemaTooNew
from dues.db.new_cluster import FolderTaken
from dues.db.pooler_seen import OtherPooler
from dues.settings import SettingsError

EXIT_STATUSES: Final = {
    0: "done; of servers and of `dues listen`: ended as they were told",
    1: "`dues verify`, `dues restore` or `dues status` found something wrong",
    2: "not done, or not begun, and standard error says why",
    130: "interrupted by Ctrl-C",
    143: "`dues backup` or `dues restore` was ended by SIGTERM, and leaves nothing behind",
}
"""What every command ends with, and nothing else."""

RUN: Final = "Run it"
LOOK_AFTER: Final = "Look after it"
MERCHANTS: Final = "Merchants"


class Commands(TyperGroup):
    """All commands."""

    def invoke(self, ctx: Any) -> Any:
        """Runs what was asked for; nobody need read to the end what it prints."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
            raise typer.Exit(2) from None
        return result


app = typer.Typer(
    name="dues",
    cls=Commands,
    help="A billing accounts server that a company trusts with what its customers owe.",
    context_settings={"help_option_names": ["-h", "--help"]},
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


app.command(rich_help_panel=RUN)(serve.serve)
app.command(rich_help_panel=RUN)(deliver.deliver)
app.command(rich_help_panel=RUN)(work.work)
app.command(rich_help_panel=RUN)(listen.listen)
app.command(name="status", rich_help_panel=LOOK_AFTER)(status.show_status)
app.command(name="verify", rich_help_panel=LOOK_AFTER)(verify.verify_books)
app.command(rich_help_panel=LOOK_AFTER)(backup.backup)
app.command(rich_help_panel=LOOK_AFTER)(restore.restore)
app.command(name="migrate", rich_help_panel=LOOK_AFTER)(migrate.migrate_schema)
app.command(name="database-url", rich_help_panel=LOOK_AFTER)(database.database_url)
app.command(name="import", rich_help_panel=MERCHANTS)(imports.import_file)
app.command(name="export", rich_help_panel=MERCHANTS)(export.export_lists)
app.command(name="journal", rich_help_panel=MERCHANTS)(journal.write_journal)
app.command(name="close", rich_help_panel=MERCHANTS)(close.close_days)
app.command(name="demo", rich_help_panel=MERCHANTS)(demo.demo)
merchants.app.command("bank-account")(bank_account.set_bank_account)
merchants.app.command("cash-point")(cash_point.set_cash_point)
merchants.app.command("brand")(brand.set_brand)
merchants.app.command("stripe")(stripe_account.set_stripe_account)
app.add_typer(merchants.app, name="merchants", rich_help_panel=MERCHANTS)
app.add_typer(people.app, name="people", rich_help_panel=MERCHANTS)
app.add_typer(keys.app, name="keys", rich_help_panel=MERCHANTS)
deliveries.add_commands(webhooks.app)
webhooks.app.command()(release.release)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=MERCHANTS)
app.add_typer(clock.app, name="clock", rich_help_panel=MERCHANTS)


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
        BackupError,
        FolderTaken,
        ArchiveError,
    ) as error:
        _fail(str(error))
    except Unavailable as error:
        _fail(f"The database does not answer: {error}".splitlines()[0])
    except Exception:
        # What nobody foresaw is told in full. Python would end with 1, which says that the books are wrong.
        traceback.print_exc()
        sys.exit(2)


def _fail(sentence: str) -> None:
    print(f"dues: {sentence}", file=sys.stderr)
    sys.exit(2)
