"""A new embedded database that is in its place only once it is whole: what fails on the way leaves nothing there."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dues.db.embedded import EmbeddedPostgres


class FolderTaken(Exception):
    """There is a database already, or one is being restored. The message says where."""


@contextmanager
def new_cluster(data: Path) -> Iterator[Path]:
    """A folder for the block to make an embedded database in, which is then that of `data`. Raises FolderTaken.

    The block leaves its server stopped.
    """
    data = data.expanduser().resolve()
    if (data / "postgres").exists():
        raise FolderTaken(f"There is a database in {data} already. A backup is restored where there is none.")
    is_new = not data.exists()
    with _alone(data) as lock:
        beside = data / "restoring"
        _clear(beside)
        try:
            beside.mkdir(mode=0o700)
            yield beside
            (beside / "postgres").rename(data / "postgres")
        finally:
            _clear(beside)
            lock.unlink()
            if is_new:
                with suppress(OSError):  # it is no longer empty
                    data.rmdir()


@contextmanager
def _alone(data: Path) -> Iterator[Path]:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = data / "restoring.lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(f"Another dues is restoring a backup into {data}.") from None
        yield lock
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    """Removes what somebody left there who was killed, and first stops the server that may run on it still."""
    if not folder.exists():
        return
    left = EmbeddedPostgres(folder)
    left.stop()
    shutil.rmtree(folder)
