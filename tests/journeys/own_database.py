"""The PostgreSQL in a data folder, looked at from outside: its processes, and what it holds."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import psutil


def postmaster(data: Path) -> psutil.Process:
    """Its first process."""
    return psutil.Process(int(_pid_file(data)[0]))


def database_url(data: Path) -> str:
    """Where it answers: line 5 of its pid file is where its socket is, from its folder on."""
    return f"postgresql://dues@/postgres?host={quote(str(data / 'postgres' / _pid_file(data)[4]), safe='/')}"


def rows_of(url: str, query: str, *arguments: object) -> list[dict[str, Any]]:
    """The rows of one statement on a database."""

    async def run() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(run())


def deadlocks(url: str) -> int:
    """How many circles of sessions PostgreSQL had to break so far. Its log says so at once, its statistics later."""
    folder = parse_qs(urlsplit(url).query)["host"][0]
    return (Path(folder) / "log").read_text(errors="replace").count("deadlock detected")


def ended(process: psutil.Process) -> bool:
    """Whether a process is gone (or waits only for its parent to be told)."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until(fact: Callable[[], object], seconds: float = 30) -> None:
    """Returns once `fact` is so."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def _pid_file(data: Path) -> list[str]:
    return (data / "postgres" / "postmaster.pid").read_text().splitlines()
