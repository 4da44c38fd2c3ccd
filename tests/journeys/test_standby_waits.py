"""A standby has to confirm what is committed: until it has, nobody is told that it is so, by no answer and no event."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from dues.db.durability import WAITS_FOR_NO_DISK
from dues.db.embedded import EmbeddedPostgres
from dues.db.migrate import migrate
from tests.db.databases import execute
from tests.journeys.journal import keys_in
from tests.journeys.own_database import rows_of, until
from tests.running import Caller, RunningServer, new_key

NOBODY = "alter system set synchronous_standby_names = 'nobody'"
"""Is waited for, and never comes."""

WAITING = "select pid from pg_stat_activity where wait_event = 'SyncRep'"

WAITING_NOTHING = f"{WAITING} and query like '%pg_logical_emit_message%'"
"""Commits of nothing, which wait for all before them."""

WAITING_WRITE = f"{WAITING} and query like 'with%'"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """A PostgreSQL of the test's own."""
    postgres = EmbeddedPostgres(folder / "data")
    url = postgres.open()
    asyncio.run(migrate(url))
    yield url
    postgres.close()


def set_up(url: str, *statements: str) -> None:
    """Changes settings of the server."""
    for statement in (*statements, "select pg_reload_conf()"):
        execute(url, statement)
    said = "select current_setting('synchronous_standby_names') as names"
    wanted = "nobody" if NOBODY in statements else ""
    until(lambda: rows_of(url, said) == [{"names": wanted}])


def waits(answer: "Future[httpx.Response]") -> bool:
    """Whether there is no answer as yet."""
    return not answer.done()


def test_nobody_is_told_what_a_standby_has_not_confirmed(url: str, log_path: Path) -> None:
    set_up(url, "alter system set synchronous_commit = 'off'")
    server = RunningServer(database_url=url, data=log_path.parent / "keys", log=log_path)
    with server.running(), ThreadPoolExecutor() as pool:
        [line] = [line for line in log_path.read_text().splitlines() if "commits_do_not_wait" in line]
        assert WAITS_FOR_NO_DISK in line
        [file] = (log_path.parent / "keys").rglob("keys-of-mer_*")
        secret = keys_in(file.read_text())["test", "secret"]

        def send(call: Callable[[Caller], httpx.Response]) -> "Future[httpx.Response]":
            return pool.submit(lambda: call(Caller(server.base, secret)))

        def post(key: str, reference: str) -> "Future[httpx.Response]":
            return send(lambda one: one.post("/billing/customers", {"external_reference": reference}, key))

        def follow() -> "Future[httpx.Response]":
            return send(lambda one: one.get("/billing/events?order=oldest_first"))

        old, new = new_key(), new_key()
        assert post(old, "old").result(10).status_code == 201
        set_up(url, "alter system reset synchronous_commit", NOBODY)
        again, followed = post(old, "old"), follow()
        until(lambda: len(rows_of(url, WAITING_NOTHING)) >= 2)
        assert waits(again)
        assert waits(followed)
        made = post(new, "new")
        until(lambda: rows_of(url, WAITING_WRITE))
        assert waits(made)
        # Somebody cancels the commit that waits: PostgreSQL shows what it wrote, and warns.
        execute(url, f"select pg_cancel_backend(pid) from ({WAITING_WRITE}) as write")
        told = made.result(10)
        assert (told.status_code, told.json()["code"]) == (503, "unavailable")
        assert rows_of(url, "select from customers where external_reference = 'new'")
        waiting = len(rows_of(url, WAITING_NOTHING))
        repeated = post(new, "new")
        until(lambda: len(rows_of(url, WAITING_NOTHING)) > waiting)
        assert waits(repeated)
        assert httpx.get(f"{server.base}/healthz").status_code == 200
        set_up(url, "alter system reset synchronous_standby_names")
        # On a machine that is very busy they may have been given up meanwhile.
        assert {again.result(30).status_code, repeated.result(30).status_code} <= {201, 503}
        assert followed.result(30).status_code in (200, 503)
        for key, reference in (old, "old"), (new, "new"):
            answer = post(key, reference).result(30)
            assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "true")
        assert [one["data"]["external_reference"] for one in follow().result(30).json()["data"]] == ["old", "new"]
