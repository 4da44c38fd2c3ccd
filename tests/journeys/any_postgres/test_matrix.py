"""PostgreSQL as people have it: each version by each way. `docs/reference/postgresql.md` lists what was run.

Nothing is installed for it: what this machine lacks is skipped, and the reason says what that is.
"""

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import trustme

from tests.journeys.any_postgres.journey import Journey
from tests.journeys.home import stopped_at_the_end
from tests.journeys.own_database import until
from tests.journeys.receiver import Receiver
from tests.pgbouncer import PREPARED_SINCE, PgBouncer, find_pgbouncer
from tests.postgres_server import PostgresServer, binaries_of, running
from tests.running import free_port

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not os.environ.get("DUES_TEST_SOAK"), reason="takes long: make soak"),
]

VERSIONS = ("15", "16", "17", "18")

SMALL_POOL = ("default_pool_size = 4", "server_round_robin = 1")
"""Fewer sessions than clients, and each transaction in the next of them: nothing of the last one is there by luck."""


PREPARED = (*SMALL_POOL, "max_prepared_statements = 200")


@contextmanager
def server_of(version: str, authority: trustme.CA | None = None) -> Iterator[PostgresServer]:
    """A server of a version with an empty database, if this machine has one."""
    binaries = binaries_of(version)
    if binaries is None:
        pytest.skip(
            f"no PostgreSQL {version} here: install it, or let DUES_TEST_POSTGRES_{version} name its bin folder"
        )
    server = PostgresServer(binaries, authority)
    if authority and not server.speaks_tls:
        server.close()
        pytest.skip(f"the PostgreSQL {version} here has no TLS: let DUES_TEST_POSTGRES_{version} name one that has")
    with running(server):
        [found] = server.rows("show server_version")
        assert found["server_version"].partition(".")[0] == version
        server.rows("create database dues")
        yield server


@contextmanager
def pgbouncer_before(
    server: PostgresServer, mode: str, *settings: str, since: tuple[int, int] = (1, 0)
) -> Iterator[PgBouncer]:
    """PgBouncer, if this machine has one."""
    found = find_pgbouncer(since)
    if found is None:
        wanted = f"PgBouncer {since[0]}.{since[1]} or newer" if since > (1, 0) else "PgBouncer"
        pytest.skip(f"no {wanted} here: install it, or let DUES_TEST_PGBOUNCER name the program")
    pooler = PgBouncer(found[0], server, mode, *settings)
    try:
        yield pooler
    finally:
        pooler.close()


def go(folder: Path, receiver: Receiver, **settings: str) -> None:
    """The whole journey, with these settings."""
    journey = Journey(folder, **settings)
    with stopped_at_the_end(journey.server):
        journey.run(journey.start(), receiver)
        assert journey.server.stop() == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_direct(version: str, empty_folder: Path, receiver: Receiver) -> None:
    with server_of(version) as server:
        go(empty_folder, receiver, database_url=server.url())


@pytest.mark.parametrize("version", VERSIONS)
def test_tls_with_a_certificate_that_is_verified(version: str, empty_folder: Path, receiver: Receiver) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(empty_folder / "root.pem")
    with server_of(version, authority) as server:
        url = f"{server.url(host='localhost')}?sslmode=verify-full&sslrootcert={empty_folder / 'root.pem'}"
        journey = Journey(empty_folder, database_url=url)
        with stopped_at_the_end(journey.server):
            caller = journey.start()
            query = "select count(*) filter (where not s.ssl) as plain, count(*) as all from pg_stat_ssl s join"
            [found] = server.rows(f"{query} pg_stat_activity a using (pid) where a.application_name like 'dues%'")
            assert found["plain"] == 0
            assert found["all"] > 2
            journey.run(caller, receiver)


@pytest.mark.parametrize("version", VERSIONS)
def test_several_hosts_of_which_one_is_written_to(version: str, empty_folder: Path, receiver: Receiver) -> None:
    with server_of(version) as primary:
        primary.stop()
        with running(primary.copy()) as standby:
            primary.start()
            hosts = f"127.0.0.1:{free_port()},127.0.0.1:{standby.port},127.0.0.1:{primary.port}"
            url = re.sub(r"@[^/]+/", f"@{hosts}/", primary.url())
            journey = Journey(empty_folder, database_url=url)
            with stopped_at_the_end(journey.server):
                caller = journey.start()
                journey.run(caller, receiver)
                assert sessions(primary) > 2
                assert sessions(standby) == 0
                until(lambda: replayed(standby) >= written(primary))
                primary.stop()
                standby.rows("select pg_promote()")
                until(lambda: caller.open_account().status_code == 201, 20)
                assert sessions(standby) > 0
                journey.is_right()


@pytest.mark.parametrize("version", VERSIONS)
def test_pgbouncer_in_session_mode(version: str, empty_folder: Path, receiver: Receiver) -> None:
    with server_of(version) as server, pgbouncer_before(server, "session", "default_pool_size = 60") as pooler:
        go(empty_folder, receiver, database_url=pooler.url(), pooler="session")


@pytest.mark.parametrize("version", VERSIONS)
def test_pgbouncer_in_transaction_mode(version: str, empty_folder: Path, receiver: Receiver) -> None:
    with server_of(version) as server, pgbouncer_before(server, "transaction", *SMALL_POOL) as pooler:
        settings = {"database_url": pooler.url(), "session_database_url": server.url(), "pooler": "transaction"}
        go(empty_folder, receiver, **settings)
        leaves_nothing_behind(server, pooler)


@pytest.mark.parametrize("version", VERSIONS)
def test_pgbouncer_in_transaction_mode_with_prepared_statements(
    version: str, empty_folder: Path, receiver: Receiver
) -> None:
    with (
        server_of(version) as server,
        pgbouncer_before(server, "transaction", *PREPARED, since=PREPARED_SINCE) as pooler,
    ):
        settings = {
            "database_url": pooler.url(),
            "session_database_url": server.url(),
            "pooler": "transaction-prepared",
        }
        go(empty_folder, receiver, **settings)
        leaves_nothing_behind(server, pooler)


def leaves_nothing_behind(server: PostgresServer, pooler: PgBouncer) -> None:
    """The sessions that the pooler lent are as they were: nothing is set in them, nothing begun, nothing locked."""

    async def changed() -> set[str]:
        seen = set()
        for _ in range(8):
            connection = await asyncpg.connect(pooler.url(), statement_cache_size=0)
            async with connection.transaction():
                rows = await connection.fetch(
                    "select name from pg_settings where source = 'session' and setting <> reset_val"
                )
                seen |= {row["name"] for row in rows}
            await connection.close()
        return seen

    assert asyncio.run(changed()) <= {"application_name", "client_encoding"}  # of which the pooler keeps track
    assert server.rows("select pid from pg_locks where locktype = 'advisory'") == []
    idle = "select pid, state, query from pg_stat_activity where state like 'idle in transaction%'"
    assert server.rows(idle) == []


def sessions(server: PostgresServer) -> int:
    """How many dues has there."""
    [found] = server.rows("select count(*) as number from pg_stat_activity where application_name like 'dues%'")
    number: int = found["number"]
    return number


def written(primary: PostgresServer) -> int:
    """Up to where its log is written, in bytes."""
    return _position(primary, "pg_current_wal_lsn()")


def replayed(standby: PostgresServer) -> int:
    """Up to where it has read that."""
    return _position(standby, "pg_last_wal_replay_lsn()")


def _position(server: PostgresServer, function: str) -> int:
    [found] = server.rows(f"select ({function} - '0/0')::bigint as position")
    position: int = found["position"]
    return position
