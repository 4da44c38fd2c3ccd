"""Whether what lies between dues and PostgreSQL is what the settings say, as far as that can be seen at the start."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from dues.db.address import host_of
from dues.db.database import SESSION
from dues.db.errors import translated
from dues.db.hosts import connect
from dues.db.pooler import Mode, Pooler

ROUNDS: Final = 3
"""How often two clients make transactions. A pooler that lends them hands on the session that was given back last, or
goes round all that it has: either shows at once, where nobody else asks meanwhile."""

PATIENCE_SECONDS: Final = 2.0
"""Where every session is in use, that is all that can be seen."""

_SHOWS: Final = "lock_timeout"
"""The parameter by which it is seen whether they arrive."""


class OtherPooler(Exception):
    """What lies between is not what the settings say. The message says what it is."""


async def refuse_other_pooler(url: str, pooler: Pooler) -> None:
    """Raises OtherPooler. `url` is where sessions are said to be had."""
    with translated():
        if await _is_lent_by_transaction(url, "none" if pooler.mode == "none" else "transaction"):
            whose = "DUES_SESSION_DATABASE_URL" if pooler.url else "DUES_DATABASE_URL"
            raise OtherPooler(
                f"At {host_of(url)} is a pooler in transaction mode, and {whose} must lead to sessions of one's own. "
                f"{'Set it to PostgreSQL itself.' if pooler.url else 'Set DUES_POOLER=transaction.'}"
            )
        if pooler.url and not await _is_same_database(url, pooler.url):
            raise OtherPooler("DUES_DATABASE_URL and DUES_SESSION_DATABASE_URL lead to two databases.")
        if pooler.mode == "transaction-prepared" and await _forgets_statements(pooler.url):
            raise OtherPooler(
                f"The pooler at {host_of(pooler.url)} does not keep prepared statements. Set DUES_POOLER=transaction, "
                "or max_prepared_statements of PgBouncer (1.21 or newer)."
            )


async def _refuse_lost_parameters(connection: Any, url: str) -> None:
    async with connection.transaction():
        found = await connection.fetchval(f"show {_SHOWS}")
    if found != SESSION[_SHOWS]:
        raise OtherPooler(
            f"What is at {host_of(url)} drops the parameters that dues gives its sessions, as a pooler does that is "
            "told to ignore them. Set DUES_POOLER to its mode."
        )


async def _is_lent_by_transaction(url: str, mode: Mode) -> bool:
    """Whether two clients were seen to have one session, or one client two."""
    async with _connected(url, mode) as first, _connected(url, mode) as second:
        if mode == "none":
            await _refuse_lost_parameters(first, url)
        seen = set()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                # One of them twice in a row: who goes round two sessions would else always give each the same.
                for client in (first, second, second) * ROUNDS:
                    async with client.transaction():
                        seen.add((client, await client.fetchval("select pg_backend_pid()")))
        except TimeoutError:
            return False
        return len(seen) > 2 or len({session for _, session in seen}) == 1


async def _is_same_database(url: str, through: str) -> bool:
    """Whether a lock that is held in the one is seen in the other."""
    key = secrets.randbits(31)
    async with _connected(url, "transaction") as here, _connected(through, "transaction") as there:
        await here.execute(f"select pg_advisory_lock({key})")
        async with there.transaction():
            return bool(await there.fetchval(FIND_LOCK, key))


FIND_LOCK: Final = """
select exists (select from pg_locks l
                where l.locktype = 'advisory' and l.classid = 0 and l.objid::bigint = $1 and l.granted
                  and l.database = (select d.oid from pg_database d where d.datname = current_database()))
"""


async def _forgets_statements(url: str) -> bool:
    """Whether a statement that was prepared in one session is not known in the next."""
    async with _connected(url, "transaction-prepared") as first, _connected(url, "transaction") as second:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for _ in range(ROUNDS):
                    await first.fetchval("select 1")
                    async with second.transaction():  # this takes the session from it
                        await first.fetchval("select 1")
        except TimeoutError:
            return False
        except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
            return True
        return False


@asynccontextmanager
async def _connected(url: str, mode: Mode) -> AsyncIterator[Any]:
    unnamed = {"statement_cache_size": 100 if mode == "transaction-prepared" else 0}
    connection = await connect(url, **Pooler(mode).options(SESSION) | unnamed)
    try:
        yield connection
    finally:
        connection.terminate()
