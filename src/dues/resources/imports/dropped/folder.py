"""One tenant's drop folder, reached by open folders alone, so that no link leads anywhere else.

    in/                      files come here
    .taken/TOKEN/NAME        one that was taken, until it is over
    .taken/TOKEN.import      the id of the import that it is
    .taken/.lock             locked by whoever looks after the folder
    done/ rejected/ out/     where files end, and what became of their rows

Each step is one rename, after which it is flushed: who is killed between two leaves what the next can go on with.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from dues.resources.imports.dropped.names import beside, is_whole, unused

IN, DONE, REJECTED, OUT, TAKEN = "in", "done", "rejected", "out", ".taken"

PRIVATE: Final = 0o700
"""Of folders that are made here. Those that are there keep what they have: an operator lets others in so."""

RESULT_MODE: Final = 0o640
"""Of what is put into them: whoever may open the folder by its group may read it."""

_LOCK: Final = ".lock"
_IMPORT: Final = ".import"

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Stamp(NamedTuple):
    """By what is seen whether a file has changed."""

    inode: int
    size: int
    changed_at_ns: int


class Changed(OSError):
    """A file is still being written."""


def stamp_of(status: os.stat_result) -> Stamp:
    """That of a file."""
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns)


class Folder:
    """A tenant's folder, its parts open. All methods raise OSError."""

    def __init__(self, parts: dict[str, int]) -> None:
        self._parts = parts

    def waiting(self) -> dict[str, Stamp]:
        """The files in `in` that may be whole, by name."""
        found = {}
        with os.scandir(self._parts[IN]) as entries:
            for entry in entries:
                if is_whole(entry.name) and entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        found[entry.name] = stamp_of(entry.stat(follow_symlinks=False))
        return dict(sorted(found.items()))

    def taken(self) -> list[str]:
        """The tokens of files that were taken and are not over."""
        names = (name for name in os.listdir(self._parts[TAKEN]) if not name.startswith("."))
        return sorted({name.removesuffix(_IMPORT) for name in names})

    def take(self, name: str, seen: Stamp, token: str) -> None:
        """Takes a file out of `in`, if it can be read and is what was `seen`; else raises Changed."""
        os.close(self._open(IN, name, seen))
        os.mkdir(token, PRIVATE, dir_fd=self._parts[TAKEN])
        try:
            os.rename(name, f"{token}/{name}", src_dir_fd=self._parts[IN], dst_dir_fd=self._parts[TAKEN])
        except OSError:
            os.rmdir(token, dir_fd=self._parts[TAKEN])
            raise
        self._flush(IN, TAKEN, token=token)

    def name_of(self, token: str) -> str | None:
        """What the file is called that was taken so; None where it is over, or never was taken."""
        try:
            with _opened(token, self._parts[TAKEN]) as folder:
                return next(iter(os.listdir(folder)), None)
        except FileNotFoundError:
            return None

    def open_taken(self, token: str, name: str) -> BinaryIO:
        """Its bytes."""
        return os.fdopen(self._open(TAKEN, f"{token}/{name}"), "rb")

    def import_of(self, token: str) -> str | None:
        """The id of the import that it is, if that was noted."""
        try:
            file = os.open(token + _IMPORT, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._parts[TAKEN])
        except FileNotFoundError:
            return None
        with os.fdopen(file) as opened:
            return opened.read()

    def note_import(self, token: str, import_id: str) -> None:
        """Notes the id of the import that it is."""
        with self._written(TAKEN, token + _IMPORT) as file:
            file.write(import_id.encode())

    @contextmanager
    def result(self, token: str, name: str) -> Iterator[BinaryIO]:
        """What became of its rows, in place of that of an earlier file with its name. It is there whole, or not."""
        with self._written(OUT, beside(name, ".result.csv"), f".{token}") as file:
            yield file

    def finish(self, token: str, name: str) -> None:
        """It goes to `done`."""
        self._move(token, name, DONE, unused(name, lambda called: self._is_there(DONE, called)))

    def reject(self, token: str, name: str, why: bytes) -> None:
        """It goes to `rejected`, and beside it `why`, which is JSON."""
        called = unused(name, lambda called: self._is_there(REJECTED, called))
        with self._written(REJECTED, beside(called, ".refused.json"), f".{token}") as file:
            file.write(why)
        self._move(token, name, REJECTED, called)

    def forget(self, token: str) -> None:
        """Nothing of it is in hand any more."""
        with suppress(FileNotFoundError):
            os.rmdir(token, dir_fd=self._parts[TAKEN])
        with suppress(FileNotFoundError):
            os.unlink(token + _IMPORT, dir_fd=self._parts[TAKEN])

    def lock(self) -> int | None:
        """Locks the folder for as long as what is returned is open; None where somebody else has."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(_LOCK, flags, 0o600, dir_fd=self._parts[TAKEN])
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        return file

    def _open(self, part: str, name: str, seen: Stamp | None = None) -> int:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._parts[part])
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or (seen and stamp_of(status) != seen):
            os.close(file)
            raise Changed(0, "it has changed")
        return file

    def _move(self, token: str, name: str, part: str, called: str) -> None:
        os.rename(f"{token}/{name}", called, src_dir_fd=self._parts[TAKEN], dst_dir_fd=self._parts[part])
        self._flush(TAKEN, part, token=token)
        self.forget(token)

    @contextmanager
    def _written(self, part: str, name: str, beginning: str = ".new") -> Iterator[BinaryIO]:
        """A file that gets its name when all of it is on the disk."""
        folder, made = self._parts[part], beginning + ".tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        file = os.open(made, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(file, "wb") as opened:
                yield opened
                opened.flush()
                os.fchmod(file, RESULT_MODE)
                os.fsync(file)
            os.rename(made, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(made, dir_fd=folder)
            raise
        self._flush(part)

    def _is_there(self, part: str, name: str) -> bool:
        try:
            os.lstat(name, dir_fd=self._parts[part])
        except FileNotFoundError:
            return False
        return True

    def _flush(self, *parts: str, token: str | None = None) -> None:
        """Has renames survive the power that fails."""
        if token:
            with _opened(token, self._parts[TAKEN]) as folder:
                os.fsync(folder)
        for part in parts:
            os.fsync(self._parts[part])


@contextmanager
def open_folder(root: Path, merchant: str, mode: str) -> Iterator[Folder]:
    """The folder `root/merchant/mode`, which is there; what it lacks is made. Raises OSError."""
    with ExitStack() as stack:
        folder = stack.enter_context(_opened(str(root)))
        for name in (merchant, mode):
            folder = stack.enter_context(_opened(name, folder))
        parts = {}
        for name in (IN, DONE, REJECTED, OUT, TAKEN):
            with suppress(FileExistsError):
                os.mkdir(name, PRIVATE, dir_fd=folder)
            parts[name] = stack.enter_context(_opened(name, folder))
        yield Folder(parts)


@contextmanager
def _opened(name: str, within: int | None = None) -> Iterator[int]:
    flags = _FOLDER if within is not None else os.O_RDONLY | os.O_DIRECTORY
    folder = os.open(name, flags, dir_fd=within)
    try:
        yield folder
    finally:
        os.close(folder)
