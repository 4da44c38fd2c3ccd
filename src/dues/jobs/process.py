"""Carrying jobs out: in a process of its own, so that no request waits for it.

A server starts one while there is work; `dues work` is one for as long as somebody wants.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog

from dues.background import Job as BackgroundJob
from dues.background import report
from dues.db.database import Database
from dues.db.errors import Transient
from dues.jobs.leases.store import is_any_free, lease_job
from dues.jobs.store import HELD, Job, Lost
from dues.tenants.store import list_cells

LOOK_SECONDS: Final = 1.0
"""How often it is looked for work that nobody does."""

IDLE_SECONDS: Final = 10.0
"""How long a process of a server's waits for more before it ends: to start one takes half a second."""

_log = structlog.get_logger()

CarryOut = Callable[[Job], Awaitable[Job]]


async def carry_out_all(database: Database, holder: str, carry_out: CarryOut) -> bool:
    """Every job that nobody holds, one after another, of all cells; whether there was any."""
    found = False
    for cell in await list_cells(database):
        while job := await lease_job(database, cell, holder, _now(), _now() + HELD):
            found = True
            try:
                await carry_out(job)
            except (Lost, Transient) as error:
                # Somebody else has it, or it is taken up again once its lease is over.
                _log.warning("job_put_down", job=job.id, reason=str(error))
                return True
    return found


async def work_for_ever(
    database: Database,
    holder: str,
    carry_out: CarryOut,
    *,
    until_idle: bool,
    is_busy: Callable[[], bool] = lambda: False,
) -> None:
    """Carries jobs out as they come; `until_idle`: until there was none for a while, and what goes on beside it
    `is_busy` no more."""
    idle = 0.0
    while not (until_idle and idle >= IDLE_SECONDS):
        try:
            found = await carry_out_all(database, holder, carry_out)
        except Exception as error:
            report("work", error)
            found = False
        idle = 0.0 if found or is_busy() else idle + LOOK_SECONDS
        if not found:
            await asyncio.sleep(LOOK_SECONDS)


class Worker:
    """The process that does a server's work while there is any."""

    def __init__(
        self,
        database: Database,
        embedded_url: str | None = None,
        is_wanted: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`embedded_url`: where the embedded PostgreSQL is, whose owner the process is not. `is_wanted` says whether
        there is anything to do beside jobs."""
        self._database = database
        self._is_wanted = is_wanted
        self._environment = dict(os.environ)
        if embedded_url:
            self._environment.pop("DUES_ARCHIVE", None)
            self._environment["DUES_DATABASE_URL"] = embedded_url
        self._process: asyncio.subprocess.Process | None = None

    @property
    def job(self) -> BackgroundJob:
        """Looks for work, again and again."""
        return BackgroundJob("work", LOOK_SECONDS, self._look)

    async def _look(self) -> None:
        if self._process and self._process.returncode is None:
            return
        if await self._is_anything_to_do():
            command = sys.executable, "-m", "dues", "work", "--until-idle"
            self._process = await asyncio.create_subprocess_exec(*command, env=self._environment)

    async def _is_anything_to_do(self) -> bool:
        for cell in await list_cells(self._database):
            if await is_any_free(self._database, cell, _now()):
                return True
        return self._is_wanted is not None and await self._is_wanted()

    async def close(self) -> None:
        """Ends the process; what it had in hand is taken up again by the next."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()


def _now() -> datetime:
    return datetime.now(UTC)
