"""Commands where there is no database: each says so and makes none, but for `dues serve`."""

from pathlib import Path

import pytest

from tests.db.databases import EmptyDatabases
from tests.journeys.home import dues
from tests.journeys.own_database import rows_of

COMMANDS = [
    ("verify",),
    ("deliver",),
    ("listen",),
    ("database-url",),
    ("keys", "list"),
    ("merchants", "list"),
    ("webhooks", "list"),
    ("clock", "show"),
]

every_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@every_command
def test_a_folder_without_one_is_named_and_stays_as_it_is(command: tuple[str, ...], tmp_path: Path) -> None:
    done = dues(*command, data=str(tmp_path / "dtaa"))
    assert done.returncode == 2
    assert f"There is no database in {tmp_path}/dtaa. `dues serve` makes one" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "dtaa").exists()


def test_nor_does_migrate_make_one_in_a_folder(tmp_path: Path) -> None:
    assert dues("migrate", data=str(tmp_path / "dtaa")).returncode == 2
    assert list(tmp_path.iterdir()) == []


@every_command
def test_an_empty_one_is_named_without_its_password_and_stays_empty(
    command: tuple[str, ...], databases: EmptyDatabases
) -> None:
    url = databases.new()
    done = dues(*command, database_url=url.replace("dues@", "dues:hunter2@", 1))
    assert done.returncode == 2
    assert f"There is no database of dues in {url.split('?')[0].rpartition('/')[2]} at /" in done.stderr
    assert "hunter2" not in done.stderr
    assert rows_of(url, "select from pg_tables where schemaname = 'public'") == []


def test_verify_says_what_it_looked_at(databases: EmptyDatabases) -> None:
    url = databases.new()
    assert dues("migrate", database_url=url).returncode == 0
    assert f"in {url.split('?')[0].rpartition('/')[2]} at /" in dues("verify", database_url=url).stdout
