"""Writes a backup: one moment of the whole database, as one file, while everybody goes on."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from dues.backups import store
from dues.backups.files import DiskError, Writing, whole_file
from dues.backups.manifest import FORMAT, HEADS, MANIFEST, BackupError, Manifest, Member, member_of
from dues.db.copies import CopySource, execute_if_possible, open_copy_source
from dues.db.grants import TABLES
from dues.db.installation import SAVE_BACKED_UP

LEVEL: Final = 1
"""Of compression: the quickest. Ids and hashes hardly get smaller with more."""

LEFT_OUT: Final = {
    "webhook_endpoints": {"leased_by", "leased_until"},
    "jobs": {"leased_by", "leased_until"},
}
"""Columns that are about processes which run now."""

CELLS: Final = "0007_cells.sql"
"""The oldest schema that a backup can be of."""

Report = Callable[[int, int], None]
"""Is called with how many rows are done, and how many there are about."""


class Written(Struct, frozen=True):
    """A backup that was written: where, how large, what is in it, and whether its time could be noted."""

    path: Path
    bytes: int
    manifest: Manifest
    noted: bool


async def write_backup(url: str, to: Path, report: Report) -> Written:
    """Writes the backup of a database to the file `to`, or into the folder, under a name made of its time (UTC).

    It is written beside its place, and put there once it is whole and on the disk. Raises BackupError.
    """
    async with open_copy_source(url) as source:
        if CELLS not in await store.list_applied(source):
            raise BackupError("The database is of a schema from before cells. Bring it up to date: `dues migrate`.")
        taken_at = await store.find_taken_at(source)
        path = _path(to, taken_at)
        with whole_file(path, partial(_unwritable, path)) as file:
            try:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
                    manifest = await _write(source, archive, taken_at, report)
            except OSError as error:
                raise _unwritable(path, error) from error
            size = file.tell()
    return Written(path, size, manifest, await _note(url, taken_at))


def _path(to: Path, taken_at: datetime) -> Path:
    return to / f"dues-{taken_at.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}.zip" if to.is_dir() else to


async def _write(source: CopySource, archive: zipfile.ZipFile, taken_at: datetime, report: Report) -> Manifest:
    tables = await store.list_tables(source, [name for name in TABLES if name != "schema_migrations"])
    cells, about = await store.list_cells(source), sum(table.rows_about for table in tables)
    members: dict[str, Member] = {}
    rows = 0
    for table in tables:
        columns = [name for name in table.columns if name not in LEFT_OUT.get(table.name, ())]
        with _member(archive, member_of(table.name), partial(_report, report, about, rows)) as one:
            await store.copy_table(source, table.name, columns, cells, one.add)
        members[table.name] = structs.replace(one.done(), columns=columns)
        rows += members[table.name].rows
    with _member(archive, HEADS, lambda _: None) as heads:
        await store.copy_heads(source, cells, heads.add)
    manifest = Manifest(
        format=FORMAT,
        dues=metadata.version("dues"),
        postgresql=source.postgresql,
        taken_at=taken_at,
        migrations=await store.list_applied(source),
        tables=members,
        heads=heads.done(),
        totals=await store.sum_entries(source, cells),
        event_position=await store.find_event_position(source),
    )
    archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    return manifest


def _report(report: Report, about: int, before: int, so_far: int) -> None:
    report(before + so_far, max(about, before + so_far))


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, report: Callable[[int], None]) -> Iterator[Writing]:
    try:
        with archive.open(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), "w", force_zip64=True) as to:
            yield Writing(to, report)
    except DiskError as error:
        raise error.error from None


def _unwritable(path: Path, error: OSError) -> BackupError:
    return BackupError(f"The backup cannot be written to {path}: {error.strerror}. Nothing of it is left there.")


async def _note(url: str, taken_at: datetime) -> bool:
    """Notes when the last backup was taken. Not where the database cannot be written to, or has no place for it yet."""
    return await execute_if_possible(url, SAVE_BACKED_UP, taken_at)
