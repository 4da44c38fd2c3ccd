"""`dues restore --at`: from an archive that is written all the time, any moment is made again in an empty folder."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dues.db.archives.bases import prune
from dues.db.archives.folder import list_bases
from dues.db.embedded import EmbeddedPostgres
from tests.clusters import Template
from tests.journeys.home import Home, dues, stopped_at_the_end
from tests.journeys.journal import SOAK
from tests.journeys.own_database import database_url, rows_of, until
from tests.running import Caller, RunningServer

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not SOAK, reason="it starts PostgreSQL ten times")]


@contextmanager
def archiving(folder: Path, archive: Path) -> Iterator[Home]:
    """A server whose database is archived."""
    home = Home(folder / "data", RunningServer(data=folder / "data", log=folder / "log", archive=str(archive)))
    with stopped_at_the_end(home.server):
        home.start()
        yield home


def customers(data: Path) -> tuple[set[str], bool]:
    """Who is in a database, and whether its deliveries are held."""
    embedded = EmbeddedPostgres(data)
    url = embedded.open()
    try:
        held = rows_of(url, "select from installation where deliveries_held_at = restored_at") != []
        return {row["external_reference"] for row in rows_of(url, "select * from customers")}, held
    finally:
        embedded.close()


def register(home: Home, caller: Caller, reference: str) -> datetime:
    """A new customer, and a moment at which they are there and nobody else."""
    assert caller.register_customer(external_reference=reference).status_code == 201
    time.sleep(0.1)
    [row] = rows_of(database_url(home.data), "select now() as now")
    now: datetime = row["now"].astimezone(UTC)
    time.sleep(0.1)
    return now


def lag(caller: Caller) -> float:
    """For how long nothing could be archived."""
    found = re.search(r"^dues_archive_lag_seconds ([0-9.e+-]+)$", caller.get("/metrics").text, re.MULTILINE)
    assert found
    return float(found[1])


def test_any_moment_is_made_again(template: Template, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    template.copy_to(tmp_path / "data")
    with archiving(tmp_path, archive) as home:
        caller = home.caller()
        until(lambda: list_bases(archive))
        time.sleep(1)
        first = register(home, caller, "first")
        hold_to_going_on(home, caller, archive)
        second = register(home, caller, "second")
        register(home, caller, "third")

    def restore(at: str, name: str) -> Path:
        done = dues("restore", "--at", at, "--archive", str(archive), "--json", data=str(tmp_path / name))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["verified"]["wrong"] == 0
        return tmp_path / name

    assert customers(restore(first.isoformat(), "one")) == ({"first"}, True)
    assert customers(restore(second.isoformat(), "two")) == ({"first", "meanwhile", "second"}, True)
    assert customers(restore("latest", "all")) == ({"first", "meanwhile", "second", "third"}, True)
    for at, says in (
        ("2999-01-01", r"has transactions up to .* UTC\. Ask for a moment up to then"),
        ("2020-01-01T00:00:00Z", "The oldest moment that can be restored"),
    ):
        done = dues("restore", "--at", at, "--archive", str(archive), data=str(tmp_path / "none"))
        assert (done.returncode, bool(re.search(says, done.stderr))) == (2, True), done.stderr
        assert not (tmp_path / "none").exists()

    hold_to_going_on_from_there(tmp_path / "two", archive)
    damage(archive)
    done = dues("restore", "--at", second.isoformat(), "--archive", str(archive), data=str(tmp_path / "none"))
    assert (done.returncode, "is damaged" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "none").exists()


def hold_to_going_on(home: Home, caller: Caller, archive: Path) -> None:
    """The archive's disk goes away: requests are answered, it is said, and what waited is archived afterwards."""
    wal = archive / "wal"
    wal.chmod(0o500)
    moved = [file.rename(tmp) for file in wal.iterdir() if (tmp := archive / file.name)]
    wal.rmdir()
    register(home, caller, "meanwhile")
    rows_of(database_url(home.data), "select pg_switch_wal()")
    until(lambda: lag(caller) > 0)
    assert caller.get("/readyz").status_code == 200
    until(lambda: '"event":"archive_fails"' in home.server.log.read_text())
    home.server.stop()
    wal.mkdir(mode=0o700)
    for file in moved:
        file.rename(wal / file.name)
    home.start()
    rows_of(database_url(home.data), "select pg_switch_wal()")
    until(lambda: lag(caller) == 0)


def hold_to_going_on_from_there(folder: Path, archive: Path) -> None:
    """What is restored is archived again, in the same place: from a base backup of its own on."""
    (folder / "data").mkdir()
    (folder / "postgres").rename(folder / "data" / "postgres")
    before = {base.path for base in list_bases(archive)}
    with archiving(folder, archive):
        until(lambda: {base.path for base in list_bases(archive)} - before)
    assert [base.timeline for base in list_bases(archive)] == [1, 2]
    prune(archive)
    assert len(list_bases(archive)) == 2


def damage(archive: Path) -> None:
    """Somebody has altered a base backup."""
    file = list_bases(archive)[0].path / "base.tar.gz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
