"""Whoever stops, at whatever moment: what is in flight is answered, and nothing is left running."""

import asyncio
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from tests.conftest import Merchant
from tests.journeys.burst import Answer, Shot, send_at_once
from tests.journeys.home import PRINTED_LAST, Home, dues, environment, new_home, stopped_at_the_end
from tests.journeys.own_database import rows_of, until
from tests.running import Caller, RunningServer, free_port, new_key


class Blockade:
    """Nobody can open an account in this database until it is lifted."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(url))
        self._runner.run(self._connection.execute("begin"))
        self._runner.run(self._connection.execute("lock table accounts in share row exclusive mode"))

    def lift(self) -> None:
        """Whoever waits goes on."""
        self._runner.run(self._connection.close())
        self._runner.close()


@pytest.mark.slow
@pytest.mark.parametrize(("how", "workers"), [(signal.SIGTERM, "2"), (signal.SIGINT, "1")])
def test_what_is_in_flight_is_answered_before_the_end(
    database_url: str, merchant: Merchant, log_path: Path, how: signal.Signals, workers: str
) -> None:
    server = RunningServer(database_url=database_url, log=log_path, workers=workers)
    with stopped_at_the_end(server), ThreadPoolExecutor(1) as clients:
        server.start()
        blockade = Blockade(database_url)
        same, key = {"external_reference": "S", "customer": {"external_reference": "S"}}, new_key()
        others = [{"external_reference": name, "customer": {"external_reference": name}} for name in "ABC"]
        shots = [Shot(server.base, merchant.key(), same, key) for _ in range(3)]
        shots += [Shot(server.base, merchant.key(), body) for body in others]
        under_way = clients.submit(send_at_once, shots)
        until(lambda: rows_of(database_url, "select 1 from pg_locks where not granted"))
        assert server.process
        server.process.send_signal(how)
        time.sleep(1)
        assert not under_way.done()
        assert server.process.poll() is None
        blockade.lift()
        answers: list[Answer] = under_way.result(timeout=20)
        assert [answer.status for answer in answers] == [201] * 6
        assert sorted(answer.replayed for answer in answers[:3]) == [False, True, True]
        assert server.process.wait(timeout=20) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.base)


class Starting:
    """A server that is told to stop while it starts."""

    def __init__(self, data: Path, workers: str = "1") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dues", "serve", "--port", str(free_port())],
            env=environment(data=str(data), workers=workers),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def stop(self, seconds: float) -> int | None:
        """SIGTERM so long after its greeting; its exit status, None if it goes on regardless."""
        with self._process as process:
            assert process.stdout
            assert any(PRINTED_LAST in line for line in process.stdout)
            time.sleep(seconds)
            process.terminate()
            try:
                return process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                for left in psutil.Process(process.pid).children():
                    left.kill()
                process.kill()
                return None


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "seconds"), [("1", 0.05), ("2", 0.05), ("2", 0.25)])
def test_it_can_be_stopped_at_any_moment_of_its_start(home: Home, workers: str, seconds: float) -> None:
    assert Starting(home.data, workers).stop(seconds) == 0


@pytest.mark.slow
def test_a_stop_in_mid_start_leaves_no_database_running(empty_folder: Path) -> None:
    status = Starting(empty_folder / "data").stop(0.0)
    left_running = (empty_folder / "data" / "postgres" / "postmaster.pid").exists()
    dues("database-url", data=str(empty_folder / "data"))  # whoever is the last to leave stops what was left
    assert (status, left_running) == (0, False)


def test_two_servers_share_one_data_folder_and_the_last_stops_its_database(folder: Path) -> None:
    with new_home(folder) as home:
        other = RunningServer(data=home.data, log=folder / "other")
        assert "sk_" not in other.start()
        with stopped_at_the_end(other):
            account = home.caller().open_account().json()
            there = Caller(other.base, home.secret)
            assert there.get(f"/billing/accounts/{account['id']}").json() == account
            assert home.server.stop() == 0
            assert home.database_runs
            assert there.open_account().status_code == 201
            assert other.stop() == 0
        assert not home.database_runs
