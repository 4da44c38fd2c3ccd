"""The stage: one real PostgreSQL and one real server for the whole run, and new merchants for every test.

Tests never share data, since tenants never meet; so nothing is emptied between them, and they may run in any order.
After every test the books are checked.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import is_hypothesis_test, settings

from dues.books.verify import Finding, Progress, verify
from dues.db.database import Database
from dues.db.embedded import EmbeddedPostgres
from dues.db.transaction import Row
from dues.tenants.keys import NewKey
from dues.tenants.merchants import create_merchant
from tests.clusters import Template, run_folder
from tests.db.databases import EmptyDatabases
from tests.journeys.journal import SOAK
from tests.leftovers import left_over, mark_all_that_follows
from tests.running import Caller, RunningServer
from tests.starting import STARTER

# A deadline for one example would be about the machine, not about the promise.
settings.register_profile("dues", deadline=None, max_examples=300 if SOAK else 30)
settings.load_profile("dues")

Result = TypeVar("Result")

LONGEST = {
    "test_backup_and_restore.py",
    "test_cells.py",
    "test_connection.py",
    "test_embedded.py",
    "test_examples.py",
    "test_every_command.py",
    "test_imports.py",
    "test_openapi.py",
    "test_openapi_at_random.py",
    "test_plans.py",
    "test_restore.py",
    "test_verify.py",
}
"""Files to begin with, like all journeys: others that were seen to take long."""

THROUGH_ALL_TENANTS = {"test_purge.py"}
"""Files whose tests go through everybody who is in the database: they come while these are few."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before anything is started, and after the folder of temporary files is known."""
    if not is_worker(config):
        mark_all_that_follows(base_folder(config))
        # Whoever has a server of their own in this checkout has its data, and the keys to it, in ./data.
        os.environ["DUES_DATA"] = str(base_folder(config) / "data")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """A run that leaves a process behind has failed, and says which."""
    yield
    if is_worker(session.config) or not (left := left_over(base_folder(session.config))):
        return
    session.exitstatus = pytest.ExitCode.TESTS_FAILED
    name, says = "what was started", "Still alive at the end:\n" + "\n".join(left)
    error = pytest.TestReport(name, ("", None, name), {}, "failed", says, "teardown")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter
    reporter.stats.setdefault("error", []).append(error)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: several processes, each of which takes a file after the other, end together.

    What is tried with examples is tried with many in `make soak`.
    """
    for item in items:
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker(pytest.mark.soak)
    early = LONGEST | THROUGH_ALL_TENANTS
    items.sort(key=lambda item: item.path.name not in early and item.path.parent.name != "journeys")
    items.sort(key=lambda item: item.path.name not in THROUGH_ALL_TENANTS)


def pytest_collection_finish() -> None:
    """What tests are told is no setting of what they start, which would refuse it."""
    os.environ.pop("DUES_TEST_SOAK", None)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs a part of the tests, for one of pytest-xdist that runs none itself."""
    return hasattr(config, "workerinput")


def base_folder(config: pytest.Config) -> Path:
    """The folder of temporary files of this process; of a whole run, where it is no worker."""
    folder: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return folder


@pytest.fixture(scope="session", autouse=True)
def _starter() -> Iterator[None]:
    """Ends last of all what servers are copied from."""
    yield
    STARTER.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """What a database of a test's own is copied from."""
    return Template(run_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def database_url(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL with the current schema."""
    embedded = EmbeddedPostgres(template.copy_to(tmp_path_factory.mktemp("shared") / "data"))
    yield from verified_at_the_end(embedded)


def verified_at_the_end(embedded: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a PostgreSQL that tests share. When all are done, all that they left in it is verified."""
    url = embedded.open()
    try:
        yield url
        assert findings(url) == []
    finally:
        embedded.close()


@pytest.fixture
def databases(database_url: str) -> Iterator[EmptyDatabases]:
    """Makes databases with nothing in them, on which no server runs."""
    made = EmptyDatabases(database_url)
    yield made
    made.close()


def findings(url: str) -> list[Finding]:
    """All that is wrong with the books of a database."""

    async def found() -> list[Finding]:
        return [finding async for finding in verify(url, Progress(), lambda _: None)]

    return asyncio.run(found())


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on that database."""
    yield from serving(database_url, tmp_path_factory)


@pytest.fixture(scope="session")
def second_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another server process on the same database."""
    yield from serving(database_url, tmp_path_factory)


def serving(database_url: str, factory: pytest.TempPathFactory, cells: int = 1) -> Iterator[RunningServer]:
    """A server as most tests want it, until they are done."""
    log = factory.mktemp("server") / "log"
    # Mail can be asked for, and is sent by nobody.
    mail = {"mails": "false", "mail_url": "smtp://127.0.0.1:1", "mail_from": "billing@utility.example"}
    given: dict[str, str] = {"webhooks": "false", "cells": str(cells), **mail}
    server = RunningServer(database_url=database_url, log=log, **given)  # type: ignore[arg-type]
    with server.running() as running:
        yield running


UNPROVEN_OF_NEW_TENANTS = """
select b.id, b.balance, e.total
  from tenants t
  join lateral (select id, balance from accounts where cell = t.cell and tenant_id = t.id
                 union all
                select id, balance from customers where cell = t.cell and tenant_id = t.id) b on b.balance is not null
  join lateral (select sum(amount)::bigint as total from entries
                 where cell = t.cell and tenant_id = t.id and owner_id = b.id) e on e.total is distinct from b.balance
 where t.id > $1
"""
"""What is wrong with the balances of those who came after the tenant $1."""


class Desk:
    """One connection to a database, kept: to make one for every test would cost more than most tests do."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._database = self._runner.run(Database.connect(url, 1))
        self._proven_to = 0

    def unproven(self) -> list[Row]:
        """The balances that their entries do not add up to, of whoever has come since this was last asked.

        Who was there before is looked at when all tests are done: what the tests of a whole run leave is too much to
        go through after each.
        """

        async def found(database: Database) -> tuple[list[Row], int]:
            rows = await database.rows(UNPROVEN_OF_NEW_TENANTS, self._proven_to)
            [last] = await database.rows("select coalesce(max(id), 0) as id from tenants")
            return list(rows), last["id"]

        rows, self._proven_to = self.ask(found)
        return rows

    def ask(self, question: Callable[[Database], Awaitable[Result]]) -> Result:
        """What the database answers."""

        async def answer() -> Result:
            return await question(self._database)

        return self._runner.run(answer())

    def close(self) -> None:
        """Hangs up."""
        self._runner.run(self._database.close())
        self._runner.close()


@dataclass(frozen=True)
class Merchant:
    """A merchant that nobody else uses, with its four keys."""

    id: str
    keys: list[NewKey]
    base: str

    def key(self, mode: str = "test", kind: str = "secret") -> str:
        """The key of this mode and kind."""
        return next(key.secret for key in self.keys if (key.mode, key.kind) == (mode, kind))

    def caller(self, mode: str = "test", kind: str = "secret", base: str | None = None) -> Caller:
        """Somebody with that key."""
        return Caller(base or self.base, self.key(mode, kind))


Ask = Callable[[Callable[[Database], Awaitable[Result]]], Result]


@pytest.fixture
def ask(database_url: str) -> Ask[object]:
    """Runs an async function on the database itself."""

    def run(question: Callable[[Database], Awaitable[Result]]) -> Result:
        async def answer() -> Result:
            database = await Database.connect(database_url, 4)
            try:
                return await question(database)
            finally:
                await database.close()

        return asyncio.run(answer())

    return run


@pytest.fixture(scope="session")
def desk(database_url: str) -> Iterator[Desk]:
    """Asks the database what every test asks it."""
    made = Desk(database_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def cells() -> int:
    """Over how many cells new merchants are spread."""
    return 1


CURRENCIES = {"AFN", "ALL", "BHD", "CLF", "EUR", "IDR", "JPY", "KRW", "NAD", "USD", "VND", "ZAR", "ZWG"}
"""Those that tests have something in. To write down a merchant's default rules in all there are takes longer than most
tests; that a merchant has them is proved in `tests/tenants/test_merchants.py`."""


def make_merchant(desk: Desk, server: RunningServer, cells: int) -> Merchant:
    """A merchant that nobody else uses."""

    async def make(database: Database) -> Merchant:
        async with database.transaction() as tx:
            merchant_id, keys = await create_merchant(tx, "A test", datetime.now(UTC), cells, currencies=CURRENCIES)
            await tx.commit()
        return Merchant(merchant_id, keys, server.base)

    return desk.ask(make)


@pytest.fixture
def new_merchant(desk: Desk, server: RunningServer, cells: int) -> Callable[[], Merchant]:
    """Makes merchants."""
    return lambda: make_merchant(desk, server, cells)


@pytest.fixture
def merchant(new_merchant: Callable[[], Merchant]) -> Merchant:
    """The merchant a test is about."""
    return new_merchant()


@pytest.fixture
def alice(merchant: Merchant) -> Caller:
    """Who has the merchant's test secret key."""
    return merchant.caller()


@pytest.fixture
def mallory(new_merchant: Callable[[], Merchant]) -> Caller:
    """A stranger: another merchant's secret key, on the same server."""
    return new_merchant().caller()


@pytest.fixture(autouse=True)
def _books(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test that touched the database: each balance equals its entries."""
    if "database_url" not in request.fixturenames:
        yield
        return
    desk: Desk = request.getfixturevalue("desk")
    yield
    assert desk.unproven() == []


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """Where a server of the test's own may log."""
    return tmp_path / "server.log"
