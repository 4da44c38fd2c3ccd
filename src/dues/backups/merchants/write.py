"""Writes a folder: a file of JSON lines for each table, one with the head of every ledger, and the manifest."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

from dues.backups import store
from dues.backups.files import DiskError, Writing, flush_folder
from dues.backups.manifest import MANIFEST, BackupError, Member
from dues.backups.merchants.store import TABLES, copy_heads, copy_rows
from dues.db.copies import CopySource, open_copy_source
from dues.domain.tenants import Tenant

FORMAT: Final = 1
"""Raised by whoever writes what a reader of before would read wrongly."""

HEADS: Final = "heads.jsonl"

Report = Callable[[int], None]
"""Is called with how many rows there are so far."""


def file_of(table: str) -> str:
    """The name of a table's file."""
    return f"{table}.jsonl"


class MerchantManifest(Struct, frozen=True):
    """What the files of a merchant hold. `heads`: a line for each ledger, with number, balance and hash of its last
    entry."""

    format: int
    dues: str
    schema: str
    taken_at: datetime
    merchant_id: str
    mode: str
    tables: dict[str, Member]
    heads: Member

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(table.rows for table in self.tables.values())


async def write_merchant(
    url: str, tenant: Tenant, merchant_id: str, mode: str, to: Path, report: Report
) -> MerchantManifest:
    """Writes all that a merchant has in one mode, as it is at one instant, into the folder `to`.

    It is written beside its place, and put there once it is whole. Raises BackupError; also where there is something
    in the folder already.
    """
    _refuse_taken(to)
    try:
        with _whole_folder(to) as folder:
            async with open_copy_source(url) as source:
                manifest = await _write(source, tenant, folder, report)
            manifest = structs.replace(manifest, merchant_id=merchant_id, mode=mode)
            text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
            with _file(folder / MANIFEST, lambda _: None) as file:
                file.add(text + b"\n")
    except DiskError as error:
        raise BackupError(f"{to} cannot be written: {error.error.strerror}. Nothing is left there.") from error
    return manifest


def _refuse_taken(to: Path) -> None:
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise BackupError(f"{to} is there already, and not an empty folder. Name another one.")


async def _write(source: CopySource, tenant: Tenant, folder: Path, report: Report) -> MerchantManifest:
    taken_at, applied = await store.find_taken_at(source), await store.list_applied(source)
    members: dict[str, Member] = {}
    rows = 0
    for table in TABLES:
        with _file(folder / file_of(table), partial(_add, report, rows)) as file:
            await copy_rows(source, tenant, table, file.add)
        members[table] = file.done()
        rows += members[table].rows
    with _file(folder / HEADS, lambda _: None) as heads:
        await copy_heads(source, tenant, heads.add)
    version = metadata.version("dues")
    return MerchantManifest(FORMAT, version, max(applied), taken_at, "", "", members, heads.done())


def _add(report: Report, before: int, so_far: int) -> None:
    report(before + so_far)


@contextmanager
def _file(path: Path, report: Report) -> Iterator[Writing]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        file = os.fdopen(descriptor, "wb")
    except OSError as error:
        raise DiskError(error) from error
    try:
        yield Writing(file, report)
        try:
            file.flush()
            os.fsync(descriptor)
        except OSError as error:
            raise DiskError(error) from error
    finally:
        with suppress(OSError):  # a full disk refuses once more what was left to be written
            file.close()


@contextmanager
def _whole_folder(to: Path) -> Iterator[Path]:
    """A folder that nobody else may read, which takes its place where the block ends well, and else is gone."""
    beside = to.with_name(f".{to.name}.{os.getpid()}.unfinished")
    try:
        beside.mkdir(mode=0o700)
    except OSError as error:
        raise DiskError(error) from error
    try:
        yield beside
        try:
            beside.rename(to)
        except OSError as error:
            raise DiskError(error) from error
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    flush_folder(to.parent)
