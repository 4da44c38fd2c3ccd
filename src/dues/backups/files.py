"""Files that are whole, or not there; and what proves what is in them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dues.backups.digest import Digest


class Writing(Digest):
    """What goes by is written to a file. `report` is called with how many lines there are. Raises DiskError."""

    def __init__(self, to: IO[bytes], report: Callable[[int], None]) -> None:
        super().__init__()
        self._to = to
        self._report = report

    def add(self, data: bytes) -> None:
        """Writes what comes next."""
        super().add(data)
        try:
            self._to.write(data)
        except OSError as error:
            raise DiskError(error) from error
        self._report(self.rows)


class DiskError(Exception):
    """What the file could not take, told apart from what the connection to the database may raise."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


@contextmanager
def whole_file(path: Path, unwritable: Callable[[OSError], Exception]) -> Iterator[IO[bytes]]:
    """A file that nobody else may read, which takes its place where the block ends well, and else is gone.

    What the disk refuses is raised as `unwritable` has it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unwritable(error) from error
    file = os.fdopen(descriptor, "wb")
    try:
        yield file
        try:
            file.flush()
            os.fsync(descriptor)
            file.close()
            beside.rename(path)
        except OSError as error:
            raise unwritable(error) from error
    except BaseException:
        with suppress(OSError):  # a full disk refuses once more what was left to be written
            file.close()
        with suppress(OSError):
            beside.unlink()
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Has the disk keep what files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some file systems cannot, and need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
