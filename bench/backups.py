"""`dues backup` and `dues restore` of many accounts: how long, how large, and the memory it takes.

Nothing is beside it: these are figures to plan by, as a table of docs/guides/back-up-and-restore.md.
"""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench import books, servers
from bench.arena import Size
from bench.verify import BooksError, watch

SIZE = "select pg_database_size(current_database())"


def back_up_and_restore(data: Path, scratch: Path, size: Size, tell: Callable[[int], None]) -> list[str]:
    """Backs the database up that a dues serves from `data`, and restores it into a new folder; lines of markdown.

    Each account is of a customer of its own, and has one entry and the events of both.
    """
    url, key = servers.database_url(data), servers.new_key(data, "secret")
    asyncio.run(books.fill(url, key, 0, size.accounts, tell, each=1))
    file, copy = scratch / "dues.zip", scratch / "restored"
    made, backup_peak = _run("backup", str(file), "--data", str(data))
    restored, restore_peak = _run("restore", str(file), "--data", str(copy))
    verified = restored["verified"]
    if verified["entries"] != size.accounts or {restored["ledgers"], made["ledgers"]} != {size.accounts}:
        raise BooksError(f"not all of it was restored: {restored}")
    columns = (
        f"{made['rows']:,} rows",
        f"{asyncio.run(_size(url)) / 1e9:.2f} GB",
        f"{made['seconds']:.0f} s",
        f"{made['bytes'] / 1e6:,.0f} MB",
        f"{backup_peak / 2**20:.0f} MiB",
        f"{restored['seconds']:.0f} s",
        f"{restore_peak / 2**20:.0f} MiB",
        f"{verified['seconds']:.0f} s",
    )
    return [
        f"| {size.accounts:,} accounts | database | backup | file | memory | restore | memory | verify |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| {' | '.join(columns)} |",
    ]


async def _size(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(SIZE))
    finally:
        await connection.close()


def _run(*arguments: str) -> tuple[dict[str, Any], int]:
    """What a command told, and the most memory it was seen with."""
    command = servers.dues_command(*arguments, "--json")
    with subprocess.Popen(
        command, env=servers.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        peak_bytes = watch(process)
        told, said = process.communicate()
    if process.returncode:
        raise BooksError(f"dues {arguments[0]}: {(told + said).decode(errors='replace')[-2000:]}")
    found: dict[str, Any] = msgspec.json.decode(told)
    return found, peak_bytes
