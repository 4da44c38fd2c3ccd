"""Bad days while the schema changes: two at once, and a database that goes away. Nothing is ever applied by half."""

import asyncio
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dues.db.embedded import BINARIES
from dues.db.migrate import migrate, migrations
from tests.db.databases import execute
from tests.journeys.home import dues
from tests.journeys.own_database import rows_of, until
from tests.postgres_server import PostgresServer, running

BEFORE = "0011"
"""The last migration of a database that is to be migrated. The next one changes tables that are there."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that can be restarted."""
    with running(PostgresServer(BINARIES)) as made:
        yield made


@pytest.fixture(scope="module")
def whole(server: PostgresServer) -> str:
    """What is there when all is done, from that day on."""
    url = new_database(server, "whole", BEFORE)
    asyncio.run(migrate(url))
    return dump(url)


def new_database(server: PostgresServer, name: str, up_to: str = "") -> str:
    """A database with the schema of some time ago; its URL."""
    server.rows(f"create database {name}")
    made = ["create table schema_migrations (name text primary key, applied_at timestamptz not null default now())"]
    for migration, sql in migrations().items():
        if migration[:4] <= up_to:
            made += [sql, f"insert into schema_migrations (name) values ('{migration}')"]
    execute(server.url(name), ";\n".join(made))
    return server.url(name)


def dump(url: str) -> str:
    """The schema, and what was applied."""
    options = ("--schema-only", f"--dbname={url}")
    done = subprocess.run([str(BINARIES / "pg_dump"), *options], capture_output=True, text=True, check=True)
    applied = rows_of(url, "select name from schema_migrations order by name")
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", done.stdout) + str(applied)


@pytest.mark.slow
def test_two_who_migrate_at_once_apply_it_once(server: PostgresServer) -> None:
    url = new_database(server, "at_once")
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: dues("migrate", database_url=url), range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    applied = "".join(f"Applied {name}.\n" for name in migrations()) + "The schema is current.\n"
    nothing = "The schema is current: there was nothing to apply.\n"
    assert sorted([first.stdout, second.stdout]) == sorted([applied, nothing])


@pytest.mark.slow
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGINT, id="restarted"),
        pytest.param(signal.SIGQUIT, id="crashed", marks=pytest.mark.soak),
    ],
)
def test_a_database_that_goes_away_meanwhile_has_all_of_it_or_nothing(
    server: PostgresServer, whole: str, how: int
) -> None:
    url = new_database(server, f"away_{int(how)}", BEFORE)
    before = dump(url)
    with ThreadPoolExecutor(2) as others:
        holding = others.submit(execute, url, "begin; lock table bills in access share mode; select pg_sleep(60)")
        until(lambda: rows_of(url, "select from pg_locks where relation = 'bills'::regclass and granted"))
        migrating = others.submit(dues, "migrate", database_url=url)
        until(lambda: rows_of(url, "select from pg_locks where relation = 'bills'::regclass and not granted"))
        server.stop(how)
        assert holding.exception()
        done = migrating.result()
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    server.start()
    assert dump(url) == before, "nothing of it is there"
    again = dues("migrate", database_url=url)
    assert again.returncode == 0, again.stderr
    assert dump(url) == whole
