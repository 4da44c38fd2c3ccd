"""Opens a backup, and refuses one that was cut off, altered, or written by a newer dues."""

import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from msgspec import Struct

from dues.backups.digest import Digest
from dues.backups.manifest import FORMAT, MANIFEST, BackupError, Manifest, Member, member_of
from dues.db.migrate import migrations

CHUNK_BYTES: Final = 1 << 18

MANIFEST_BYTES_MAX: Final = 1 << 24


class _Version(Struct):
    format: int


class Backup:
    """A backup that is open, whose manifest makes sense. Made by `open_backup`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._archive = archive

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    async def lines(self, table: str, report: Callable[[int], None]) -> AsyncIterator[bytes]:
        """The rows of a table, some at a time. `report` is called with how many have gone by.

        Raises BackupError, at the last at its end, where they are not those of the manifest.
        """
        expected, digest = self.manifest.tables[table], Digest()
        try:
            with self._archive.open(member_of(table)) as member:
                while data := member.read(CHUNK_BYTES):
                    digest.add(data)
                    yield data
                    report(digest.rows)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, NotImplementedError) as error:
            raise _damaged(self.path, f"{member_of(table)} cannot be read") from error
        if not _is_same(digest.done(), expected):
            raise _damaged(self.path, f"{member_of(table)} is not what was written")


def open_backup(path: Path) -> Backup:
    """Opens a backup and reads its manifest. Raises BackupError."""
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise BackupError(f"{path} is no whole backup: it was cut off, altered, or never one.") from error
    try:
        return Backup(path, archive, _manifest(path, archive))
    except BaseException:
        archive.close()
        raise


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        with archive.open(MANIFEST) as member:
            text = member.read(MANIFEST_BYTES_MAX)
    except KeyError as error:
        raise BackupError(f"{path} is no backup of dues: it has no manifest.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _damaged(path, f"{MANIFEST} cannot be read") from error
    try:
        if (found := msgspec.json.decode(text, type=_Version).format) > FORMAT:
            raise BackupError(
                f"{path} has the format {found}, and this dues knows those up to {FORMAT}. Restore it with the dues "
                "that wrote it, or a newer one."
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise _damaged(path, f"{MANIFEST} is not what was written") from error
    if unknown := set(manifest.migrations) - migrations().keys():
        raise BackupError(
            f"{path} is of a newer schema ({max(unknown)}), which dues {manifest.dues} had. Restore it with that "
            "one, or a newer one."
        )
    if not manifest.migrations:
        raise _damaged(path, f"{MANIFEST} names no migrations")
    return manifest


def _is_same(found: Member, expected: Member) -> bool:
    return (found.rows, found.bytes, found.sha256) == (expected.rows, expected.bytes, expected.sha256)


def _damaged(path: Path, what: str) -> BackupError:
    return BackupError(f"{path} is damaged: {what}. Nothing was restored from it.")
