"""Files that nobody may read but whoever runs dues: secrets that are to be kept, and that no log should have."""

import os
from pathlib import Path

from dues.settings import Settings


class PrivateFileError(Exception):
    """A file cannot be written, or is not as private as it has to be. The message names it."""


def private_folder(settings: Settings) -> Path:
    """Where they are: in the data folder, also where the database is elsewhere."""
    return settings.data.expanduser().resolve()


def write_private(path: Path, text: str) -> None:
    """Makes a new file, and its folder where there is none. Raises PrivateFileError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def read_private(path: Path) -> str | None:
    """What is in such a file; None where there is none. Raises PrivateFileError where others may read it too."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PrivateFileError(f"{path} cannot be read: {error.strerror}.") from error
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        if (mode := os.fstat(descriptor).st_mode) & 0o077:
            raise PrivateFileError(f"{path} is a secret, and others may read it (mode {mode & 0o777:o}). Make it 600.")
        return file.read()
