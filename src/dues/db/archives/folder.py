"""How an archive is laid out, and the commands by which PostgreSQL puts its log there and takes it out again.

wal/      the log: a compressed file for each segment of 16 MB
bases/    base backups: a folder for each, named by when it was begun
"""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from dues.db.server_account import Account, take_over

SEGMENT_BYTES: Final = 16 << 20
"""Of the log, as initdb makes it."""

SWITCH_SECONDS: Final = 60
"""What was committed is in the archive after so long, also where little is written."""

TOLD: Final = "base.json"

UNFINISHED: Final = ".unfinished"


class ArchiveError(Exception):
    """A moment cannot be restored from an archive. The message says why."""


class Base(Struct, frozen=True):
    """A base backup. `first_segment`: the name of the first file of the log that it needs."""

    path: Path
    finished_at: datetime
    system: str
    timeline: int
    first_segment: str


class _Told(Struct):
    finished_at: datetime
    system: str


class _Range(Struct, rename={"timeline": "Timeline", "start": "Start-LSN"}):
    timeline: int
    start: str


class File(Struct, rename={"path": "Path", "checksum": "Checksum"}):
    """A file of a base backup, and its SHA-256."""

    path: str = ""
    checksum: str = ""


class _BackupManifest(Struct, rename={"ranges": "WAL-Ranges", "files": "Files"}):
    ranges: list[_Range]
    files: list[File]


def wal_folder(archive: Path) -> Path:
    """Where the log is."""
    return archive / "wal"


def bases_folder(archive: Path) -> Path:
    """Where the base backups are."""
    return archive / "bases"


def prepare(archive: Path, account: Account | None) -> None:
    """Makes the folders in an archive that is there, and gives PostgreSQL its own.

    Not the archive itself: where a disk is missing that should be mounted there, nothing must go to another.
    """
    for folder in (wal_folder(archive), bases_folder(archive)):
        folder.mkdir(mode=0o700, exist_ok=True)
    take_over(wal_folder(archive), account)


def finish(path: Path, finished_at: datetime, system: str) -> None:
    """Notes that a base backup is whole. `path`: the folder that it was written to."""
    (path / TOLD).write_bytes(msgspec.json.encode(_Told(finished_at, system)))


def list_bases(archive: Path) -> list[Base]:
    """Those that are whole, the oldest first."""
    return [_base(path.parent) for path in sorted(bases_folder(archive).glob(f"*/{TOLD}")) if _is_whole(path.parent)]


def _is_whole(path: Path) -> bool:
    return path.suffix != UNFINISHED


def _manifest(path: Path) -> _BackupManifest:
    return msgspec.json.decode((path / "backup_manifest").read_bytes(), type=_BackupManifest)


def list_files(base: Base) -> list[File]:
    """What is in a base backup, without the log. One whose name is not UTF-8 is none of dues'."""
    return [file for file in _manifest(base.path).files if file.path]


def _base(path: Path) -> Base:
    told = msgspec.json.decode((path / TOLD).read_bytes(), type=_Told)
    [first, *_] = _manifest(path).ranges
    high, low = (int(part, 16) for part in first.start.split("/"))
    segment = ((high << 32) + low) // SEGMENT_BYTES
    name = f"{first.timeline:08X}{segment >> 8:08X}{segment & 0xFF:08X}"
    return Base(path, told.finished_at, told.system, first.timeline, name)


def archiving(wal: str) -> dict[str, str]:
    """The settings by which PostgreSQL puts its log into the folder `wal`."""
    return {
        "archive_mode": "on",
        "archive_command": _ARCHIVE.replace("FOLDER", _quoted(wal)),
        "archive_timeout": str(SWITCH_SECONDS),
    }


def recovering(wal: str, at: datetime | None) -> dict[str, str]:
    """The settings by which it goes through that log: up to a moment, or to its end."""
    target = {} if at is None else {"recovery_target_time": at.isoformat(), "recovery_target_action": "promote"}
    return {"restore_command": _RESTORE.replace("FOLDER", _quoted(wal))} | target


def _quoted(folder: str) -> str:
    return shlex.quote(folder).replace("%", "%%")


_ARCHIVE: Final = (
    'd=FOLDER; f="$d/%f.gz"; t="$d/%f.unfinished"; '
    'if test -e "$f"; then gzip -dc "$f" | cmp -s - "%p"; '
    'else { gzip -nc1 < "%p" > "$t" && sync "$t" && mv "$t" "$f" && sync "$d"; } || { rm -f "$t"; exit 1; }; fi'
)
"""It is there under its name once it is whole and on the disk. One that is there already is never overwritten: it may
only be the same, sent again after a crash."""

_RESTORE: Final = 'f=FOLDER/%f.gz; test -e "$f" && gzip -dc "$f" > "%p"'
