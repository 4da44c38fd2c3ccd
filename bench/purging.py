"""`python -m bench.purging`: purges as a server does, in a process of its own, until it is told to end.

Its only argument is the database. When stdin ends, it prints what it has told of (Told), as JSON.
"""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType

import msgspec
from msgspec import Struct

from bench.expired import AGE, EXPIRES_IN
from dues.db.database import Database
from dues.events.retention.purge import purge_events
from dues.idempotency.retention import purge_answers
from dues.webhooks.retention.purge import purge_deliveries

TABLES = ("events", "idempotency_keys", "webhook_deliveries")


class Told(Struct, frozen=True):
    """Rows purged in a second, by table: until nothing was left of it, or it was told to end."""

    per_second: dict[str, float]


class Purging:
    """Purges the database at `url` while its block lasts; `told` is what became of it."""

    told: Told

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> "Purging":
        command = [sys.executable, "-m", "bench.purging", self._url]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        told, _nothing = self._process.communicate()
        self.told = msgspec.json.decode(told, type=Told)


async def _perform(url: str) -> Told:
    database = await Database.connect(url)
    rows, ended, began = dict.fromkeys(TABLES, 0), dict.fromkeys(TABLES, 0.0), time.monotonic()

    def observe(table: str, more: int, _lag_seconds: float) -> None:
        rows[table] += more
        if more:
            ended[table] = time.monotonic()

    now = datetime.now(UTC)
    tasks = [
        asyncio.create_task(purge_events(database, now - AGE / 2, observe)),
        asyncio.create_task(purge_answers(database, now + EXPIRES_IN + timedelta(hours=1), observe)),
        asyncio.create_task(purge_deliveries(database, now - AGE / 2, observe)),
    ]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()
    return Told({table: rows[table] / (ended[table] - began) if rows[table] else 0.0 for table in TABLES})


def main() -> None:
    """Purges the database that the command line names."""
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_perform(sys.argv[1]))))


if __name__ == "__main__":
    main()
