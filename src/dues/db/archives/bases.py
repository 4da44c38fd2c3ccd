"""Takes base backups while the server runs: when there is none of this database, and then once a day."""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import structlog

from dues.db.archives.folder import UNFINISHED, Base, bases_folder, finish, list_bases, wal_folder
from dues.db.embedded import BINARIES

AGE_MAX: Final = timedelta(days=1)

KEPT: Final = 2
"""How many are kept, with the log from the oldest of them on: any moment of the last day can be restored."""

AGAIN_SECONDS: Final = 60.0
"""After one that failed."""

LOOK_SECONDS: Final = 60.0
"""Between two looks whether one is due."""

_log = structlog.get_logger()


class BaseBackups:
    """`look` at it again and again: it never waits. Of several processes on one archive, one takes them."""

    def __init__(self, archive: Path, cluster: Path, url: str) -> None:
        self._archive = archive
        self._cluster = cluster
        self._url = url
        self._process: subprocess.Popen[bytes] | None = None
        self._path = archive
        self._said: IO[bytes] | None = None
        self._lock: int | None = None
        self._next = 0.0

    def look(self) -> None:
        """Begins one that is due, or sees whether the one under way has ended."""
        try:
            if self._process:
                if self._process.poll() is not None:
                    self._end(self._process.returncode)
            elif time.monotonic() >= self._next:
                self._next = time.monotonic() + LOOK_SECONDS
                if self._is_due() and self._take_lock():
                    self._begin()
        except OSError as error:
            self._fail(str(error))

    def close(self) -> None:
        """Gives up the one that is under way."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            shutil.rmtree(self._path, ignore_errors=True)
        self._let_go()

    def _is_due(self) -> bool:
        if not wal_folder(self._archive).is_dir():
            return False  # what archives the log says so
        newest = self._newest_of_this()
        return newest is None or datetime.now(UTC) - newest.finished_at > AGE_MAX

    def _newest_of_this(self) -> Base | None:
        system, timeline = _identity(self._cluster)
        ours = [base for base in list_bases(self._archive) if (base.system, base.timeline) == (system, timeline)]
        return ours[-1] if ours else None

    def _take_lock(self) -> bool:
        lock = os.open(self._archive / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _begin(self) -> None:
        for left in bases_folder(self._archive).glob(f"*{UNFINISHED}"):
            shutil.rmtree(left)
        is_first = not list_bases(self._archive)
        self._path = bases_folder(self._archive) / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}{UNFINISHED}"
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 -- it is closed when the process has ended
        command = [
            *(str(BINARIES / "pg_basebackup"), f"--dbname={self._url}", f"--pgdata={self._path}"),
            *("--format=tar", "--compress=client-gzip:1", "--wal-method=stream", "--manifest-checksums=SHA256"),
            # The first is waited for by whoever wants to be safe; later ones must not be noticed by anybody.
            f"--checkpoint={'fast' if is_first else 'spread'}",
        ]
        assert self._lock
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env=os.environ | {"PGAPPNAME": "dues archives"},
            pass_fds=[self._lock],  # so that nobody begins another, should we be killed
        )

    def _end(self, status: int) -> None:
        if status:
            assert self._said
            self._said.seek(0)
            self._fail(self._said.read().decode(errors="replace").strip()[-500:])
            return
        finish(self._path, datetime.now(UTC), _identity(self._cluster)[0])
        whole = self._path.with_suffix("")
        self._path.rename(whole)
        self._let_go()
        _log.info("base_backup_taken", path=str(whole))
        prune(self._archive)

    def _fail(self, reason: str) -> None:
        _log.error("base_backup_failed", reason=reason)
        if self._path.suffix == UNFINISHED:
            shutil.rmtree(self._path, ignore_errors=True)
        self._let_go()
        self._next = time.monotonic() + AGAIN_SECONDS

    def _let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
        if self._said:
            self._said.close()
        self._lock = self._said = self._process = None


def prune(archive: Path) -> None:
    """Removes base backups but the newest, and the log from before the oldest that is left."""
    bases = list_bases(archive)
    for base in bases[:-KEPT]:
        shutil.rmtree(base.path)
    if not bases:
        return
    oldest = bases[-KEPT:][0]
    command = [str(BINARIES / "pg_archivecleanup"), "-x", ".gz", str(wal_folder(archive)), oldest.first_segment]
    with suppress(subprocess.CalledProcessError):  # it is tried again with the next
        subprocess.run(command, check=True, capture_output=True)


def _identity(cluster: Path) -> tuple[str, int]:
    """Which database it is, and on which of its timelines: another begins where a moment was restored."""
    done = subprocess.run(
        [str(BINARIES / "pg_controldata"), str(cluster)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    told = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    try:
        return told["Database system identifier"].strip(), int(told["Latest checkpoint's TimeLineID"])
    except KeyError as error:
        raise OSError(f"pg_controldata does not tell of {cluster}: {done.stderr.strip()}") from error
