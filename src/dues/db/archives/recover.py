"""Makes a database as it was at a moment: the base backup from before it, and the log up to it."""

import hashlib
import re
import signal
import subprocess
import tarfile
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from dues.db.archives.folder import ArchiveError, Base, list_bases, list_files, recovering, wal_folder
from dues.db.embedded import BINARIES, HERE, SETTINGS
from dues.db.server_account import Account, programs, reachable, server_account, take_over

LOOK_SECONDS: Final = 0.05

_WHILE_RECOVERING: Final = {
    "log_min_messages": "log",  # it tells when the last transaction was
    "archive_mode": "off",
    "hot_standby": "off",  # else it is ready before it has recovered
}

_LAST: Final = re.compile(r"last completed transaction was at log time (\S+ [0-9:.]+)")

_SHORT: Final = "recovery ended before configured recovery target was reached"


def choose_base(archive: Path, at: datetime | None) -> Base:
    """The newest base backup from before a moment (None: the newest). Raises ArchiveError."""
    if not (bases := list_bases(archive)):
        raise ArchiveError(f"There is no base backup in {archive}. It has to be what DUES_ARCHIVE named.")
    if not (before := [base for base in bases if at is None or base.finished_at <= at]):
        raise ArchiveError(
            f"The oldest moment that can be restored from {archive} is {_written(bases[0].finished_at)}: before that "
            "it has no base backup."
        )
    return before[-1]


def recover(archive: Path, base: Base, folder: Path, at: datetime | None) -> datetime:
    """Makes the database in `folder / "postgres"`, stopped, as it was; when the last of its transactions was.

    Raises ArchiveError, where the archive ends before that moment too.
    """
    cluster = folder / "postgres"
    _extract(base, cluster)
    account = server_account(cluster)
    take_over(cluster, account)
    with ExitStack() as stack:
        place, started = stack.enter_context(reachable(cluster, account))
        # The log is read by whom PostgreSQL runs as, who may not be able to go there by its path.
        wal, also = stack.enter_context(reachable(wal_folder(archive), account))
        started["pass_fds"] = [*started.get("pass_fds", ()), *also.get("pass_fds", ())]
        settings = SETTINGS | _WHILE_RECOVERING | recovering(wal, at)
        options = [f"--{name}={value}" for name, value in settings.items()]
        recovered, said = _run([str(_postgres(account)), "-D", place, "-k", HERE, *options], cluster, started)
    last = [datetime.fromisoformat(f"{one}+00:00") for one in _LAST.findall(said)]
    if _SHORT in said:
        end = (
            f"has transactions up to {last[-1]:%Y-%m-%d %H:%M:%S.%f} UTC"
            if last
            else "has no transactions after its base backup"
        )
        raise ArchiveError(f"{archive} {end}. Ask for a moment up to then, or for --at latest.")
    if not recovered:
        raise ArchiveError(f"PostgreSQL does not recover from {archive}:\n{said[-2000:]}")
    return last[-1] if last else base.finished_at


def _postgres(account: Account | None) -> Path:
    return programs(BINARIES, account) / "postgres"


def _written(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _extract(base: Base, cluster: Path) -> None:
    """Unpacks a base backup, and compares it with its manifest."""
    cluster.mkdir(mode=0o700)
    safely: dict[str, str] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    try:
        for name, to in (("base.tar.gz", cluster), ("pg_wal.tar.gz", cluster / "pg_wal")):
            with tarfile.open(base.path / name) as packed:
                packed.extractall(to, **safely)  # type: ignore[arg-type]  # noqa: S202 -- it is our own
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ArchiveError(f"{base.path} is damaged, or there is no room for it: {error}.") from error
    # pg_verifybackup would do that; the one that comes along does not run everywhere.
    for file in list_files(base):
        if _sha256(cluster / file.path) != file.checksum:
            raise ArchiveError(f"{base.path} is damaged: {file.path} is not what was backed up.")
    # It names the process of the server that was backed up: where that is alive, PostgreSQL would not start here.
    (cluster / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    (cluster / "recovery.signal").touch(mode=0o600)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _is_ready(cluster: Path) -> bool:
    """Whether it has recovered, and takes whoever comes: line 8 of its pid file."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _run(command: list[str], cluster: Path, started: dict[str, Any]) -> tuple[bool, str]:
    """Runs PostgreSQL until it has recovered, or failed to, and stops it; which of the two, and what it said."""
    with (cluster / "recovery.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **started
        )
        try:
            while not (recovered := _is_ready(cluster)) and server.poll() is None:
                time.sleep(LOOK_SECONDS)
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)
                server.wait()
    said = (cluster / "recovery.log").read_text(errors="replace")
    (cluster / "recovery.log").unlink()
    return recovered, said
