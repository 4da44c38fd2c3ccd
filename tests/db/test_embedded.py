"""The PostgreSQL that comes along: created, found again after anything, shared, stopped by the last."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from dues.db.embedded import BINARIES, SOCKET_PATH_MAX, EmbeddedPostgres, EmbeddedPostgresError
from tests.journeys.own_database import ended, postmaster, rows_of, until


def ask(url: str, query: str) -> Any:
    """The first value that the server answers."""
    rows = rows_of(url, query)
    return next(iter(rows[0].values())) if rows else None


class Opened:
    """Embedded servers of a test, closed at its end whatever happened to them."""

    def __init__(self) -> None:
        self._all: list[EmbeddedPostgres] = []

    def __call__(self, data: Path) -> tuple[EmbeddedPostgres, str]:
        """One on `data`, open, and its URL."""
        embedded = EmbeddedPostgres(data)
        self._all.append(embedded)
        return embedded, embedded.open()

    def close(self) -> None:
        """Closes all; the last on a folder stops its server."""
        for embedded in self._all:
            embedded.close()


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens embedded servers."""
    all_of_them = Opened()
    yield all_of_them
    all_of_them.close()


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that does not exist yet, with a short name. It is removed afterwards: databases are large."""
    data = tmp_path_factory.mktemp("pg") / "data"
    yield data
    shutil.rmtree(data.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that was in use before, and has been through a lot: tests share it, one after another."""
    yield from used_before(tmp_path_factory.mktemp("pg") / "data")


@pytest.fixture(scope="module")
def other_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Another such folder."""
    yield from used_before(tmp_path_factory.mktemp("pg") / "data")


def used_before(data: Path) -> Iterator[Path]:
    """A data folder whose server has been stopped; it is removed afterwards."""
    embedded = EmbeddedPostgres(data)
    embedded.open()
    embedded.close()
    yield data
    shutil.rmtree(data.parent, ignore_errors=True)


def test_it_is_created_in_an_empty_place_and_keeps_what_it_is_told(empty: Path, opened: Opened) -> None:
    embedded, url = opened(empty)
    assert ask(url, "select 1") == 1
    ask(url, "create table kept (n int)")
    ask(url, "insert into kept values (7)")
    process = postmaster(empty)
    embedded.close()
    assert not (empty / "postgres" / "postmaster.pid").exists()
    assert ended(process)

    _, url = opened(empty)
    assert ask(url, "select n from kept") == 7


def test_closing_waits_for_its_process_though_that_has_left_its_folder(
    data: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is ending is still there for a moment, and works in no folder any more."""
    embedded, _ = opened(data)
    process, folders = postmaster(data), iter([str(data / "postgres")])

    def cwd(process: psutil.Process) -> str:
        for folder in folders:
            return folder
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "cwd", cwd)
    embedded.close()
    assert ended(process)


def test_it_is_durable_and_private(data: Path, opened: Opened) -> None:
    _, url = opened(data)
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert ask(url, f"show {name}") == "on"
    assert ask(url, "show listen_addresses") == ""
    assert ask(url, "show server_encoding") == "UTF8"
    assert data.stat().st_mode & 0o077 == 0
    assert (data / "postgres").stat().st_mode & 0o077 == 0
    assert (data / "postgres" / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


def test_its_log_tells_no_customers_data(data: Path, opened: Opened) -> None:
    _, url = opened(data)
    ask(url, "create table people (name text primary key, owes int check (owes >= 0))")
    ask(url, "insert into people values ('Jane Doe', 1)")
    for query in (
        "insert into people values ('Jane Doe', 1)",
        "insert into people values ('Jane Roe', -1)",
        "select 'Jane Doe' from nowhere",
    ):
        with pytest.raises(asyncpg.PostgresError):
            ask(url, query)
    log = (data / "postgres" / "log").read_text()
    assert log.count("ERROR") == 3
    assert "Jane" not in log


def test_opening_twice_is_opening_once(data: Path, opened: Opened) -> None:
    embedded, url = opened(data)
    first = postmaster(data)
    assert embedded.open() == url
    embedded.keep_running()
    assert postmaster(data) == first
    embedded.close()
    assert not (data / "postgres" / "postmaster.pid").exists()
    embedded.close()
    assert ask(embedded.open(), "select 1") == 1


def test_the_last_who_leaves_stops_it(data: Path, opened: Opened) -> None:
    first, url = opened(data)
    second, same_url = opened(data)
    assert same_url == url
    first.close()
    assert ask(url, "select 1") == 1
    second.close()
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_many_who_start_at_once_share_one(empty: Path, opened: Opened) -> None:
    together = threading.Barrier(6)

    def start(_number: int) -> str:
        together.wait()
        return opened(empty)[1]

    with ThreadPoolExecutor(6) as pool:
        urls = set(pool.map(start, range(6)))
    assert len(urls) == 1
    assert ask(urls.pop(), "select 1") == 1


def test_who_was_killed_counts_no_more(data: Path, opened: Opened) -> None:
    code = "import sys; from pathlib import Path; from dues.db.embedded import EmbeddedPostgres as E; "
    code += "E(Path(sys.argv[1])).open(); print('open', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout
    assert other.stdin
    with other.stdout, other.stdin:
        assert other.stdout.readline() == "open\n"
        other.kill()
        other.wait()
    embedded, url = opened(data)
    assert ask(url, "select 1") == 1
    embedded.close()
    assert not (data / "postgres" / "postmaster.pid").exists()


# After accidents --------------------------------------------------------------------------------------------------


def test_a_half_made_database_is_made_anew(empty: Path, opened: Opened) -> None:
    half = empty / "postgres.unfinished"
    (half / "base").mkdir(parents=True, mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    (half / "base" / "rest").write_text("of a first start that was killed")
    _, url = opened(empty)
    assert ask(url, "select 1") == 1
    assert not half.exists()


@pytest.mark.slow
def test_a_first_start_that_is_killed_is_started_again(empty: Path, opened: Opened) -> None:
    code = "import sys; from pathlib import Path; from dues.db.embedded import EmbeddedPostgres as E; "
    code += "E(Path(sys.argv[1])).open()"
    for seconds in (0.1, 0.3):
        killed = subprocess.Popen([sys.executable, "-c", code, str(empty)], start_new_session=True)
        until(lambda: (empty / "postgres.unfinished").exists() or (empty / "postgres").exists())
        time.sleep(seconds)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    _, url = opened(empty)
    assert ask(url, "select 1") == 1


def test_a_start_whose_starter_was_killed_is_waited_for(data: Path, opened: Opened) -> None:
    """Recovery after a crash may take minutes. A dues that finds it under way must not start another."""
    embedded, _ = opened(data)
    server = postmaster(data)
    server.kill()
    until(lambda: ended(server))
    code = "import sys; from pathlib import Path; from dues.db.embedded import EmbeddedPostgres as E; "
    code += "E(Path(sys.argv[1])).open()"
    starter = subprocess.Popen([sys.executable, "-c", code, str(data)], start_new_session=True)
    until(lambda: is_starting(data, other_than=server.pid))
    starting = postmaster(data)
    starting.suspend()
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(embedded.open)
        time.sleep(1.5)
        assert not waiting.done()
        starting.resume()
        url = waiting.result(timeout=10)
    assert postmaster(data) == starting
    assert ask(url, "select 1") == 1


def is_starting(data: Path, other_than: int) -> bool:
    """Whether another server has begun to start."""
    with suppress(FileNotFoundError, IndexError, ValueError):
        return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0]) != other_than
    return False


@pytest.mark.parametrize("and_children", [False, True])
def test_a_killed_server_is_started_again(data: Path, opened: Opened, and_children: bool) -> None:
    embedded, url = opened(data)
    ask(url, "create table if not exists kept_safe (n int)")
    first = postmaster(data)
    for process in [first, *(first.children(recursive=True) if and_children else [])]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: ended(first))
    embedded.keep_running()
    assert postmaster(data).pid != first.pid
    assert ask(url, "select count(*) from kept_safe") == 0


@pytest.mark.slow
def test_what_a_killed_server_left_running_never_meets_the_next(data: Path, opened: Opened) -> None:
    """A child that outlives its server may still write: starting another beside it would ruin the data."""
    embedded, url = opened(data)
    first = postmaster(data)

    async def orphan() -> psutil.Process:
        connection = await asyncpg.connect(url)
        child = psutil.Process(await connection.fetchval("select pg_backend_pid()"))
        child.suspend()
        connection.terminate()
        return child

    child = asyncio.run(orphan())
    first.kill()
    until(lambda: ended(first))
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(embedded.keep_running)
        time.sleep(1.5)
        assert not started.done()
        child.resume()
        child.kill()
        started.result(timeout=30)
    assert ask(url, "select 1") == 1


def leave_with_the_number_of(data: Path, pid: int) -> None:
    """Kills the server of `data`; what it leaves behind names `pid`, as if that had its number by now."""
    server = postmaster(data)
    children = server.children(recursive=True)
    server.kill()
    until(lambda: ended(server) and all(ended(child) for child in children))
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        file = data / "postgres" / name
        file.write_text(file.read_text().replace(f"{server.pid}\n", f"{pid}\n", 1))


@pytest.mark.parametrize("whose", ["another program", "nobody"])
def test_a_stale_pid_file_is_no_obstacle(data: Path, opened: Opened, whose: str) -> None:
    embedded, _ = opened(data)
    leave_with_the_number_of(data, os.getpid() if whose == "another program" else 4194300)
    assert ask(embedded.open(), "select 1") == 1


@pytest.mark.slow
def test_a_stale_pid_file_with_the_number_of_another_postgresql_harms_neither(
    data: Path, other_data: Path, opened: Opened
) -> None:
    _, other_url = opened(other_data)
    embedded, _ = opened(data)
    leave_with_the_number_of(data, postmaster(other_data).pid)
    try:
        assert ask(embedded.open(), "select 1") == 1
    finally:
        embedded.close()
    assert ask(other_url, "select 1") == 1


def test_a_stale_pid_file_makes_nobody_stop_another_postgresql(data: Path, other_data: Path, opened: Opened) -> None:
    _, other_url = opened(other_data)
    embedded, _ = opened(data)
    leave_with_the_number_of(data, postmaster(other_data).pid)
    embedded.close()
    assert ask(other_url, "select 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can make a process the one that inherits orphans")
def test_a_killed_server_is_started_again_where_nobody_buries_the_dead(data: Path) -> None:
    """In a container without an init, whoever is killed stays in the list of processes for ever."""
    code = """
import ctypes, os, signal, sys, time
from pathlib import Path
from dues.db.embedded import EmbeddedPostgres
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
embedded = EmbeddedPostgres(Path(sys.argv[1]))
try:
    embedded.open()
    pid_file = Path(sys.argv[1], "postgres", "postmaster.pid")
    killed = int(pid_file.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    while Path(f"/proc/{killed}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    embedded.keep_running()
    assert int(pid_file.read_text().split()[0]) != killed
finally:
    embedded.close()
"""
    done = subprocess.run([sys.executable, "-c", code, str(data)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Where it lives ---------------------------------------------------------------------------------------------------


def test_a_long_path_has_its_socket_elsewhere_and_leaves_nothing_there(empty: Path, opened: Opened) -> None:
    long = empty.joinpath(*["a-rather-long-name-for-a-folder"] * 4)
    embedded, url = opened(long)
    assert len(str(long)) > SOCKET_PATH_MAX
    assert ask(url, "select 1") == 1
    elsewhere = Path(parse_qs(urlsplit(url).query)["host"][0])
    assert elsewhere.stat().st_mode & 0o077 == 0
    second, same_url = opened(long)
    assert same_url == url
    for one in (embedded, second):
        one.close()
    assert not elsewhere.exists()


ODD = "O'Brien's $(touch by-dollar) `touch by-backtick` \"; touch by-quote; Käthe & Co, 100% @home?"


def test_an_odd_path_works_and_is_a_command_to_nobody(empty: Path, opened: Opened) -> None:
    embedded, url = opened(empty / ODD)
    assert ask(url, "select 1") == 1
    embedded.close()
    assert [path for place in (Path.cwd(), empty) for path in place.rglob("by-*")] == []


def test_folders_around_it_may_be_closed_and_stay_as_they_are(empty: Path, opened: Opened) -> None:
    closed = empty / "closed" / "to others"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    closed.chmod(0o700)
    around = [closed, *closed.parents]
    before = [(folder.stat().st_mode, folder.stat().st_uid) for folder in around]
    _, url = opened(closed / "data")
    assert ask(url, "select 1") == 1
    assert [(folder.stat().st_mode, folder.stat().st_uid) for folder in around] == before
    assert (BINARIES / "postgres").exists()


# As whom it runs, and who gets in ---------------------------------------------------------------------------------

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@as_root
def test_it_never_runs_as_root(data: Path, opened: Opened) -> None:
    """Nor as a root that only calls itself otherwise: what counts is the number that the host sees."""
    opened(data)
    server = postmaster(data)
    for process in (server, *server.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # its work was short
            assert 0 not in process.uids(), process
            assert 0 not in process.gids(), process


def test_it_knows_none_of_our_secrets(data: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUES_SECRET_KEY", "only-ours")
    opened(data)
    assert b"only-ours" not in Path(f"/proc/{postmaster(data).pid}/environ").read_bytes()


def test_a_folder_of_before_is_mended_at_the_next_start(data: Path, opened: Opened) -> None:
    """It trusted all of TCP, its files may be root's, and somebody has opened it to others."""
    cluster = data / "postgres"
    (cluster / "pg_hba.conf").write_text("host all all 0.0.0.0/0 trust\nlocal all all trust\n")
    (cluster / "postgresql.auto.conf").write_text("listen_addresses = '*'\n")
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, os.geteuid(), os.getegid())
    cluster.chmod(0o755)
    _, url = opened(data)
    rules = rows_of(url, "select type, auth_method, error from pg_hba_file_rules")
    assert rules == 2 * [{"type": "local", "auth_method": "trust", "error": None}]
    assert [one for one in postmaster(data).net_connections("inet") if one.status == "LISTEN"] == []
    assert cluster.stat().st_mode & 0o777 == 0o700
    owners = {path.lstat().st_uid for path in cluster.rglob("*")}
    assert owners == {postmaster(data).uids().real} == {cluster.stat().st_uid}
    (cluster / "postgresql.auto.conf").write_text("")


def test_a_folder_that_everybody_can_write_to_is_refused(empty: Path) -> None:
    empty.mkdir()
    empty.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="can be written by everybody"):
        EmbeddedPostgres(empty).open()
    assert list(empty.iterdir()) == []


@as_root
def test_programs_that_root_alone_can_reach_are_copied_to_where_all_can(
    data: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "of-root").mkdir(mode=0o700)
    (tmp_path / "of-root" / "install").symlink_to(BINARIES.parent)
    monkeypatch.setattr("dues.db.embedded.BINARIES", tmp_path / "of-root" / "install" / "bin")
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        monkeypatch.setattr("dues.db.server_account.PROGRAMS_COPY", Path(place, "postgresql"))
        embedded, url = opened(data)
        assert ask(url, "select 1") == 1
        program = Path(postmaster(data).exe())
        assert program.is_relative_to(place)
        embedded.close()
        program.chmod(0o777)
        with pytest.raises(EmbeddedPostgresError, match="not root's alone to write"):
            embedded.open()


def test_where_its_folder_went_nothing_goes_on_and_nothing_new_is_made(data: Path, opened: Opened) -> None:
    embedded, url = opened(data)
    assert ask(url, "create table if not exists still_here (n int)") is None
    server = postmaster(data)
    (data / "postgres").rename(data / "elsewhere")
    with pytest.raises(EmbeddedPostgresError, match="somebody has removed or moved it"):
        embedded.keep_running()
    until(lambda: ended(server))
    assert not (data / "postgres").exists()
    (data / "elsewhere").rename(data / "postgres")
    embedded.keep_running()
    assert ask(url, "select count(*) from still_here") == 0
