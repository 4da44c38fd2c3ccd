"""A disk that is full: while a backup is written, while one is restored, and where the archive is."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dues.backups.manifest import BackupError
from dues.db.archives.folder import list_bases
from tests.backups.copies import back_up
from tests.clusters import Template
from tests.db.databases import EmptyDatabases, execute
from tests.journeys.home import Home, dues, stopped_at_the_end
from tests.journeys.journal import SOAK
from tests.journeys.own_database import database_url, rows_of, until
from tests.running import RunningServer

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not SOAK, reason="takes long")]

MUCH = """
insert into customers (cell, tenant_id, id, external_reference, name, created_at)
select 1, 1, 'bcus_' || n, sha256(n::text::bytea)::text, sha256((n + 1)::text::bytea)::text, now()
  from generate_series(1, 60000) as n
"""
"""Some megabytes that nothing makes smaller."""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, where this machine lets us have one."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_up(filler: Path) -> None:
    """Takes all the room that is left."""
    with filler.open("wb") as file, suppress(OSError):
        while True:
            os.write(file.fileno(), b"\0" * 4096)


def filled(databases: EmptyDatabases) -> str:
    """A database with so much in it."""
    url = databases.new()
    assert dues("migrate", database_url=url).returncode == 0
    execute(url, "insert into merchants (id, name, created_at) values ('m', 'm', now())")
    execute(url, "insert into tenants (merchant_id, mode, cell) values ('m', 'test', 1)")
    execute(url, MUCH)
    return url


def test_a_backup_that_finds_no_room_leaves_nothing_and_the_one_before_stays(
    databases: EmptyDatabases, tmp_path: Path
) -> None:
    url = filled(databases)
    with small_disk(tmp_path / "disk", 2) as disk:
        (disk / "dues.zip").write_bytes(b"the one before")
        with pytest.raises(
            BackupError, match=r"cannot be written to .*: No space left on device. Nothing of it is left"
        ):
            back_up(url, disk / "dues.zip")
        assert [(one.name, one.read_bytes()) for one in disk.iterdir()] == [("dues.zip", b"the one before")]
        done = dues("backup", str(disk), database_url=url)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert len(list(disk.iterdir())) == 1
    assert rows_of(url, "select from installation where backed_up_at is not null") == []


def test_a_restore_that_finds_no_room_leaves_nothing(databases: EmptyDatabases, tmp_path: Path) -> None:
    written = back_up(filled(databases), tmp_path / "dues.zip")
    with small_disk(tmp_path / "disk", 100) as disk:
        done = dues("restore", str(written.path), data=str(disk / "data"))
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert "No space left on device" in done.stderr or "DiskFull" in done.stderr, done.stderr
        assert list(disk.iterdir()) == []


def test_an_archive_without_room_stops_nothing_and_catches_up(template: Template, tmp_path: Path) -> None:
    with small_disk(tmp_path / "archive", 30) as archive:
        template.copy_to(tmp_path / "data")
        server = RunningServer(data=tmp_path / "data", log=tmp_path / "log", archive=str(archive))
        home = Home(tmp_path / "data", server)
        with stopped_at_the_end(server):
            home.start()
            caller, url = home.caller(), database_url(home.data)
            until(lambda: list_bases(archive))
            filler = archive / "filler"
            fill_up(filler)
            for _ in range(3):
                assert caller.register_customer().status_code == 201
                rows_of(url, "select pg_switch_wal()")
            until(lambda: re.search(r"^dues_archive_lag_seconds [^0]", caller.get("/metrics").text, re.MULTILINE))
            assert caller.register_customer().status_code == 201
            until(lambda: '"event":"archive_fails"' in server.log.read_text())
            # One that is tried just now is removed again.
            until(lambda: not [one for one in (archive / "wal").iterdir() if one.suffix != ".gz"])

            filler.unlink()
            until(lambda: '"event":"archive_works"' in server.log.read_text(), 120)
            [waiting] = rows_of(url, "select count(*) as n from pg_ls_archive_statusdir() where name like '%.ready'")
            assert waiting["n"] == 0
        done = dues("restore", "--at", "latest", "--archive", str(archive), data=str(tmp_path / "copy"))
        assert done.returncode == 0, done.stderr
