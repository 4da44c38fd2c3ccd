"""Commands where there is no database: each says so and makes none, but for `dues serve`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dues.cli.main import app
from dues.db.migrate import NoDatabase
from tests.db.databases import EmptyDatabases
from tests.journeys.home import dues
from tests.journeys.own_database import rows_of

COMMANDS = [
    ("verify",),
    ("status",),
    ("database-url",),
    ("keys", "list"),
    ("merchants", "list"),
    ("webhooks", "list"),
    ("clock", "show"),
]


def refusal(*command: str, **settings: str) -> str:
    """What a command says that finds no database."""
    done = CliRunner().invoke(app, command, env={f"DUES_{name.upper()}": text for name, text in settings.items()})
    assert isinstance(done.exception, NoDatabase), done.output
    return str(done.exception)


every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@every_command
def test_a_folder_without_one_is_named_and_stays_as_it_is(command: tuple[str, ...], tmp_path: Path) -> None:
    assert f"There is no database in {tmp_path}/dtaa. `dues serve` makes" in refusal(*command, data=f"{tmp_path}/dtaa")
    assert not (tmp_path / "dtaa").exists()


@pytest.mark.parametrize("command", ["migrate", "deliver", "listen"])
def test_that_is_one_sentence_and_exit_status_2(command: str, tmp_path: Path) -> None:
    done = dues(command, data=str(tmp_path / "dtaa"))
    assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")
    assert list(tmp_path.iterdir()) == []


@every_command
def test_an_empty_one_is_named_without_its_password_and_stays_empty(
    command: tuple[str, ...], databases: EmptyDatabases
) -> None:
    url = databases.new()
    says = refusal(*command, database_url=url.replace("dues@", "dues:hunter2@", 1))
    assert f"There is no database of dues in {url.split('?')[0].rpartition('/')[2]} at /" in says
    assert "hunter2" not in says
    assert rows_of(url, "select from pg_tables where schemaname = 'public'") == []


def test_verify_says_what_it_looked_at(databases: EmptyDatabases) -> None:
    url = databases.new()
    assert dues("migrate", database_url=url).returncode == 0
    assert f"in {url.split('?')[0].rpartition('/')[2]} at /" in dues("verify", database_url=url).stdout
