"""PgBouncer in another mode than the settings say is told at the start, in a sentence."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from dues.db.connecting import CannotConnect
from dues.db.database import SESSION
from dues.db.embedded import BINARIES
from dues.db.pooler import Mode, Pooler
from dues.db.pooler_seen import OtherPooler, refuse_other_pooler
from tests.journeys.home import dues
from tests.pgbouncer import PgBouncer, find_pgbouncer
from tests.postgres_server import PostgresServer, running

pytestmark = pytest.mark.soak

IGNORES = f"ignore_startup_parameters = {','.join({*SESSION} - {'application_name', 'timezone'})}"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL with two databases."""
    if find_pgbouncer() is None:
        pytest.skip("no PgBouncer here: install it, or let DUES_TEST_PGBOUNCER name the program")
    with running(PostgresServer(BINARIES)) as made:
        made.rows("create database dues")
        made.rows("create database other")
        yield made


@pytest.fixture(params=["default_pool_size = 10", "server_round_robin = 1", "default_pool_size = 1"])
def lends(server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[PgBouncer]:
    """In transaction mode, in whatever order it lends its sessions."""
    yield from before(server, "transaction", request.param, IGNORES)


@pytest.fixture
def plain(server: PostgresServer) -> Iterator[PgBouncer]:
    """In transaction mode, as it comes."""
    yield from before(server, "transaction")


@pytest.fixture
def keeps(server: PostgresServer) -> Iterator[PgBouncer]:
    """In session mode."""
    yield from before(server, "session")


def before(server: PostgresServer, mode: str, *settings: str) -> Iterator[PgBouncer]:
    found = find_pgbouncer()
    assert found
    made = PgBouncer(found[0], server, mode, *settings)
    yield made
    made.close()


def said(url: str, mode: Mode, through: str = "") -> str:
    """What is refused."""
    with pytest.raises((OtherPooler, CannotConnect)) as refused:
        asyncio.run(refuse_other_pooler(url, Pooler(mode, through)))
    return str(refused.value)


@pytest.fixture
def two_in_turn(server: PostgresServer) -> Iterator[PgBouncer]:
    """In transaction mode, with two sessions that it lends in turn: two clients in turn would each get their own."""
    for made in before(server, "transaction", "server_round_robin = 1", "default_pool_size = 2"):
        asyncio.run(take_both(made.url()))
        yield made


async def take_both(url: str) -> None:
    """Has both sessions at the same time, so that there are two."""
    both = [await asyncpg.connect(url, statement_cache_size=0) for _ in range(2)]
    for statement in ("begin", "commit"):
        for one in both:
            await one.execute(statement)
    for one in both:
        await one.close()


def test_transaction_mode_is_seen_also_where_sessions_are_lent_in_turn(two_in_turn: PgBouncer) -> None:
    assert "Set DUES_POOLER=transaction." in said(two_in_turn.url(), "session")


def test_transaction_mode_is_seen_where_a_session_is_wanted(lends: PgBouncer, server: PostgresServer) -> None:
    assert "drops the parameters" in said(lends.url(), "none")
    assert "Set DUES_POOLER=transaction." in said(lends.url(), "session")
    assert "Set it to PostgreSQL itself." in said(lends.url(), "transaction", lends.url())
    asyncio.run(refuse_other_pooler(server.url(), Pooler("transaction", lends.url())))


def test_a_pooler_that_nobody_spoke_of_is_seen(plain: PgBouncer, keeps: PgBouncer) -> None:
    for pooler in (plain, keeps):
        assert "That is a pooler: set DUES_POOLER to its mode." in said(pooler.url(), "none")
    done = dues("serve", database_url=plain.url(), port="0")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_session_mode_is_as_good_as_none(keeps: PgBouncer, server: PostgresServer) -> None:
    asyncio.run(refuse_other_pooler(keeps.url(), Pooler("session")))
    asyncio.run(refuse_other_pooler(keeps.url(), Pooler("transaction", keeps.url())))


def test_two_urls_lead_to_one_database(plain: PgBouncer, server: PostgresServer) -> None:
    asyncio.run(refuse_other_pooler(server.url(), Pooler("transaction", plain.url())))
    assert "lead to two databases" in said(server.url("other"), "transaction", plain.url())


def test_a_pooler_that_forgets_statements_is_seen(plain: PgBouncer, server: PostgresServer) -> None:
    found = find_pgbouncer((1, 21))
    if find_pgbouncer() == found:
        pytest.skip("no PgBouncer before 1.21 here")
    assert "does not keep prepared statements" in said(server.url(), "transaction-prepared", plain.url())


def test_a_newer_one_keeps_them(server: PostgresServer) -> None:
    found = find_pgbouncer((1, 21))
    if found is None:
        pytest.skip("no PgBouncer 1.21 or newer here: install it, or let DUES_TEST_PGBOUNCER name the program")
    for number, forgets in ((200, False), (0, True)):
        pooler = PgBouncer(found[0], server, "transaction", f"max_prepared_statements = {number}")
        try:
            if forgets:
                assert "does not keep" in said(server.url(), "transaction-prepared", pooler.url())
            else:
                asyncio.run(refuse_other_pooler(server.url(), Pooler("transaction-prepared", pooler.url())))
        finally:
            pooler.close()
