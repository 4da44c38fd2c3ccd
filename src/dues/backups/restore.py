"""Restores a backup into an empty database, in one transaction: all of it is there and proved, or nothing."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from dues.backups import store
from dues.backups.digest import Digest
from dues.backups.manifest import BackupError, Manifest
from dues.backups.read import Backup
from dues.db.copies import CopyTarget, DoesNotFit, execute_alone, open_copy_target
from dues.db.installation import SAVE_RESTORED

Report = Callable[[int], None]
"""Is called with how many of `steps` are done."""


def steps(manifest: Manifest) -> int:
    """What a restore is counted in: rows, as they are checked, as they go in, and for the indexes over them."""
    return 3 * manifest.rows


async def restore_backup(url: str, place: str, backup: Backup, now: datetime, report: Report) -> list[str]:
    """Restores it into the database at `url`, which people call `place`; the migrations that it needed.

    Its deliveries are held from `now` on. Raises BackupError, and leaves the database empty then.
    """
    manifest = backup.manifest
    await _check(backup, report)
    try:
        async with open_copy_target(url) as target:
            if there := await store.list_relations(target):
                raise BackupError(
                    f"{place} is not empty: it has {', '.join(there[:5])}{' and more' if len(there) > 5 else ''}. "
                    "A backup is restored into an empty database."
                )
            await _fill(target, backup, report)
            await _compare(target, manifest)
            await store.set_sequences(target, manifest.event_position)
            applied = await target.migrate()
            await store.save_restored(target, now)
    except DoesNotFit as error:
        raise BackupError(f"{backup.path} does not fit its own schema: {error}. Nothing was restored.") from error
    await execute_alone(url, "analyze")
    return applied


async def _check(backup: Backup, report: Report) -> None:
    """Reads all of it once before anything is touched: the last member may be the damaged one."""
    rows = 0
    for name, member in backup.manifest.tables.items():
        async for _ in backup.lines(name, partial(_report, report, rows)):
            pass
        rows += member.rows


async def _fill(target: CopyTarget, backup: Backup, report: Report) -> None:
    manifest = backup.manifest
    await target.migrate(manifest.schema)
    there = {table.name: table.columns for table in await store.list_tables(target, list(manifest.tables))}
    for name, member in manifest.tables.items():
        if unknown := set(member.columns) - set(there.get(name, ())):
            raise BackupError(f"{backup.path} has {name}.{min(unknown)}, which its schema does not have.")
    shelved = await store.shelve(target, list(there))
    rows = manifest.rows
    for name, member in manifest.tables.items():
        lines = backup.lines(name, partial(_report, report, rows))
        await store.copy_into(target, name, member.columns, lines)
        rows += member.rows
    made = 0

    def done() -> None:
        nonlocal made
        made += 1
        report(2 * manifest.rows + manifest.rows * made // len(shelved.statements))

    await store.put_back(target, shelved, done)


def _report(report: Report, before: int, so_far: int) -> None:
    report(before + so_far)


async def _compare(target: CopyTarget, manifest: Manifest) -> None:
    """Raises BackupError where what the restored entries come to is not what the manifest says."""
    cells, heads = await store.list_cells(target), Digest()
    await store.copy_heads(target, cells, heads.add)
    if heads.done() != manifest.heads:
        raise BackupError(
            f"The heads of the {heads.rows:,} ledgers that were restored are not those of the {manifest.heads.rows:,} "
            "that were backed up. Nothing was restored."
        )
    if (totals := await store.sum_entries(target, cells)) != manifest.totals:
        raise BackupError(
            f"The entries come to {totals}, and the manifest says {manifest.totals}. Nothing was restored."
        )


async def hold_deliveries(url: str, now: datetime) -> None:
    """Notes of a database that is restored by other means that it is a copy, and holds its deliveries."""
    await execute_alone(url, SAVE_RESTORED, now)
