"""From the first start to the last stop: what the program prints, keeps, finishes, refuses and leaves behind."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from dues.db.database import Database
from dues.db.transaction import Row
from tests.conftest import Ask, Merchant
from tests.journeys.burst import Answer, Shot, send_at_once
from tests.journeys.journal import keys_in
from tests.journeys.own_database import database_url, ended, rows_of, until
from tests.running import Caller, RunningServer, free_port, new_key, new_reference

PRINTED_LAST = "dues serves"


def environment(**settings: str) -> dict[str, str]:
    """This process's, with no settings of dues but these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("DUES_")}
    return kept | {f"DUES_{name.upper()}": text for name, text in settings.items()}


def dues(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs `dues …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "dues", *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Home:
    """A data folder and, while it runs, the server on it."""

    data: Path
    server: RunningServer
    printed: str = ""

    def start(self) -> None:
        """Starts the server."""
        self.printed = self.server.start()

    @property
    def secret(self) -> str:
        """The first merchant's test secret key, as the first start printed it."""
        return keys_in(self.printed)["test", "secret"]

    def caller(self) -> Caller:
        """Somebody with that key."""
        return Caller(self.server.base, self.secret)

    def cli(self, *arguments: str) -> str:
        """What `dues …` on this folder prints. It must succeed."""
        done = dues(*arguments, data=str(self.data))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def cli_json(self, *arguments: str) -> Any:
        """What `dues … --json` on this folder prints, as an object."""
        return json.loads(self.cli(*arguments, "--json"))

    @property
    def database_runs(self) -> bool:
        """Whether PostgreSQL has its pid file."""
        return (self.data / "postgres" / "postmaster.pid").exists()


@contextmanager
def stopped_at_the_end(server: RunningServer) -> Iterator[None]:
    """Stops it, if nobody did before; kills it where that does not help, so that nothing outlives a test."""
    try:
        yield
    finally:
        process = server.process
        if process and process.poll() is None:
            children = psutil.Process(process.pid).children()
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                for left in children:
                    left.kill()
                process.wait(timeout=20)
                raise


@contextmanager
def new_home(folder: Path, **settings: str) -> Iterator[Home]:
    """A data folder with a server on it."""
    data = folder / "data"
    home = Home(data, RunningServer(data=data, log=folder / "log", **settings))
    with stopped_at_the_end(home.server):
        home.start()
        yield home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A server that several tests share, on a data folder of its own."""
    with new_home(tmp_path_factory.mktemp("home")) as shared:
        yield shared


# Start and stop ---------------------------------------------------------------------------------------------------


def test_a_first_start_prints_all_that_is_needed_and_a_second_keeps_it(folder: Path) -> None:
    with new_home(folder) as home:
        keys = keys_in(home.printed)
        assert list(keys) == [("test", "secret"), ("test", "public"), ("live", "secret"), ("live", "public")]
        for (mode, kind), key in keys.items():
            assert re.fullmatch(
                ("sk_" if kind == "secret" else "pk_") + ("test_" if mode == "test" else "") + r"\w+", key
            )
            assert home.printed.count(key) == (2 if (mode, kind) == ("test", "secret") else 1)
        account = Curl(home.printed).run(home.server.base)
        live = Caller(home.server.base, keys["live", "secret"])
        assert live.get("/billing/accounts/UAR1234567890").status_code == 404
        assert live.open_account().status_code == 201
        assert home.server.stop() == 0
        assert not home.database_runs

        home.printed = keep = home.server.start()
        assert "sk_" not in keep
        assert "pk_" not in keep
        assert PRINTED_LAST in keep
        caller = Caller(home.server.base, keys["test", "secret"])
        assert caller.get("/billing/accounts/UAR1234567890").json() == account
        assert len(rows_of(database_url(home.data), "select id from merchants")) == 1
        assert len(rows_of(database_url(home.data), "select id from api_keys")) == 4


class Curl:
    """The call that a first start suggests."""

    def __init__(self, printed: str) -> None:
        start = printed.index("curl ")
        self.command = printed[start : printed.index("\n\n", start)] if "\n\n" in printed[start:] else printed[start:]
        self.command = self.command.partition(f"\n{PRINTED_LAST}")[0]

    def run(self, base: str) -> Any:
        """Sends it, by curl where there is one, then by hand with what stands in it; the account it opened."""
        words = shlex.split(self.command.replace("\\\n", " "))
        headers = [words[number + 1].partition(": ") for number, word in enumerate(words) if word == "-H"]
        url = next(word for word in words if word.startswith("http"))
        assert url == f"{base}/billing/accounts"
        if shutil.which("curl"):
            done = subprocess.run(["sh", "-c", self.command], capture_output=True, text=True, check=True, timeout=30)
            assert done.stdout.startswith("HTTP/1.1 201")
        sent = httpx.post(
            url,
            content=words[words.index("-d") + 1],
            headers=[(name, text) for name, _, text in headers],
        )
        assert sent.status_code == 201
        assert sent.json()["external_reference"] == "UAR1234567890"
        assert sent.json()["balance"] == 2000
        return sent.json()


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


@pytest.mark.parametrize(("workers", "seconds"), [("1", 0.05), ("2", 0.05), ("2", 0.25)])
def test_it_can_be_stopped_at_any_moment_of_its_start(home: Home, workers: str, seconds: float) -> None:
    assert Starting(home.data, workers).stop(seconds) == 0


def test_a_stop_in_mid_start_leaves_no_database_running(folder: Path) -> None:
    status = Starting(folder / "data").stop(0.0)
    left_running = (folder / "data" / "postgres" / "postmaster.pid").exists()
    dues("database-url", data=str(folder / "data"))  # whoever is the last to leave stops what was left
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


# Several workers --------------------------------------------------------------------------------------------------


def workers_of(server: RunningServer) -> list[psutil.Process]:
    """The processes that serve for a supervisor."""
    assert server.process
    found = []
    for child in psutil.Process(server.process.pid).children():
        with suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.fixture
def two_workers(database_url: str, log_path: Path) -> Iterator[RunningServer]:
    """A server of two processes, on the database that tests share."""
    server = RunningServer(database_url=database_url, log=log_path, workers="2")
    with stopped_at_the_end(server):
        server.start()
        yield server


def test_several_workers_serve_are_replaced_and_stop_together(two_workers: RunningServer, merchant: Merchant) -> None:
    def serves() -> bool:
        with suppress(httpx.HTTPError):
            return merchant.caller(base=two_workers.base).open_account().status_code == 201
        return False

    def replaced(victim: psutil.Process) -> bool:
        return len(workers_of(two_workers)) == 2 and victim not in workers_of(two_workers)

    first = workers_of(two_workers)
    assert len(first) == 2
    body, key = {"external_reference": "S", "customer": {"external_reference": "S"}}, new_key()
    answers = send_at_once([Shot(two_workers.base, merchant.key(), body, key) for _ in range(20)])
    assert [answer.status for answer in answers] == [201] * 20
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19

    for victim in first:
        victim.kill()
        until(lambda victim=victim: replaced(victim))  # type: ignore[misc]
        until(serves)
    last = workers_of(two_workers)
    assert two_workers.stop() == 0
    assert all(ended(worker) for worker in last)
    assert two_workers.log.read_text().count('"worker_died"') == 2


def test_workers_end_when_their_supervisor_is_killed(two_workers: RunningServer, merchant: Merchant) -> None:
    workers = workers_of(two_workers)
    two_workers.kill()
    until(lambda: all(ended(worker) for worker in workers), 10)
    two_workers.start()  # on the same port
    assert merchant.caller(base=two_workers.base).open_account().status_code == 201


# What makes no sense ----------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_before_anything_is_made(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dues("serve", "--port", str(port), data=str(folder / "data"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"dues: cannot listen on 127.0.0.1:{port}: Address already in use.\n"
    assert not (folder / "data").exists()


@pytest.mark.parametrize(
    ("setting", "text", "says"),
    [
        ("port", "abc", "DUES_PORT must be a whole number; it is 'abc'."),
        ("workers", "0", "DUES_WORKERS must be between 1 and 64; it is 0."),
        ("nope", "1", "DUES_NOPE is no setting of dues."),
        ("database_url", "mysql://root@localhost/dues", "DUES_DATABASE_URL must begin with postgresql://"),
        ("database_url", "postgresql://me:geheim@127.0.0.1:1/dues", "The database does not answer"),
        ("database_url", "postgresql://me:geheim@127.0.0.1:port/dues", "DUES_DATABASE_URL"),
        ("data", "{folder}/file", "{folder}/file"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_a_sentence(
    folder: Path, setting: str, text: str, says: str
) -> None:
    (folder / "file").write_text("not a folder")
    settings = {"data": str(folder / "data"), "port": "0"} | {setting: text.format(folder=folder)}
    done = dues("serve", **settings)
    assert done.returncode == 2
    assert says.format(folder=folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "data").exists()


# Logs -------------------------------------------------------------------------------------------------------------


def test_there_is_one_line_of_json_for_each_request_and_no_secret_in_any(
    database_url: str, merchant: Merchant, log_path: Path
) -> None:
    secrets = {"key": f"IDEM-{new_reference()}", "name": "Jane Pseudonym", "email": "jane@pseudonym.example"}
    reference, wrong = new_reference("SECRETREF"), "sk_test_" + "Z" * 28
    body = {
        "external_reference": reference,
        "name": secrets["name"],
        "customer": {"external_reference": f"C-{reference}", "email": secrets["email"], "phone": "+27821234567"},
        "metadata": {"note": "for your eyes only"},
        "currency": "ZAR",
        "balance": 987654321,
    }
    server = RunningServer(database_url=database_url, log=log_path)
    tenant = f"{merchant.id}/test"
    with server.running():
        alice = merchant.caller(base=server.base)
        live, public = merchant.caller("live", base=server.base), merchant.caller(kind="public", base=server.base)
        stranger, nobody = Caller(server.base, wrong), Caller(server.base, None)
        accounts, account = "/billing/accounts", "/billing/accounts/{account}"
        told = [
            (alice.post(accounts, body, secrets["key"]), 201, accounts, tenant, 1),
            (alice.post(accounts, body, secrets["key"]), 201, accounts, tenant, 1),
            (alice.post(accounts, body), 409, accounts, tenant, 1),
            (alice.post(accounts, body | {"name": "Other"}, secrets["key"]), 422, accounts, tenant, 1),
            (alice.post(accounts, body | {"email": secrets["email"]}), 400, accounts, tenant, 0),
            (alice.http.post(accounts, content=b'{"name": "Jane Pseudonym'), 400, accounts, tenant, 0),
            (alice.get(f"{accounts}/{reference}"), 200, account, tenant, 1),
            (live.get(f"{accounts}/{reference}"), 404, account, f"{merchant.id}/live", 1),
            (public.get(f"{accounts}/{reference}"), 403, account, tenant, 0),
            (stranger.post(accounts, body), 401, accounts, "-", 0),
            (nobody.get(f"{accounts}/{reference}?note=for your eyes only"), 401, account, "-", 0),
            (alice.get(f"/no/such/path/{reference}"), 404, "-", "-", 0),
            (alice.http.put(accounts), 405, accounts, "-", 0),
            (nobody.get("/healthz"), 200, "/healthz", "-", 0),
        ]
        with socket.create_connection(("127.0.0.1", server.port)) as odd:
            odd.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            assert odd.recv(1000).startswith(b"HTTP/1.1 400")
    log = log_path.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    by_id: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        if line["event"] == "request":
            by_id.setdefault(line["request_id"], []).append(line)
    for answer, status, route, whose, group_size in told:
        (line,) = by_id[answer.headers["request-id"]]
        assert (answer.status_code, line["status"], line["route"]) == (status, status, route)
        assert (line["tenant"], line["group_size"]) == (whose, group_size)
        assert line["method"] == answer.request.method
        assert 0 <= line["duration_ms"] < 60_000
        assert line["timestamp"]
    hidden = [*secrets.values(), reference, wrong, wrong[8:], *(key.secret for key in merchant.keys)]
    hidden += ["for your eyes only", "27821234567", "987654321", "Bearer"]
    for text in hidden:
        assert text not in log


# The command line -------------------------------------------------------------------------------------------------


def test_keys_are_made_and_revoked_while_the_server_runs(home: Home) -> None:
    created = home.cli("keys", "create", "--mode", "test")
    secret = created.split()[-1]
    caller = Caller(home.server.base, secret)
    assert caller.open_account().status_code == 201
    (mine,) = [key for key in home.cli_json("keys", "list") if key["last_four"] == secret[-4:]]
    assert (mine["mode"], mine["kind"], mine["state"]) == ("test", "secret", "in force")
    assert mine["id"] in created

    assert mine["id"] in home.cli("keys", "revoke", mine["id"])
    time.sleep(1)
    refused = caller.open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "key_revoked")
    listed = home.cli("keys", "list")
    assert "revoked" in listed
    assert secret not in listed


def test_keys_of_every_mode_and_kind_are_made(home: Home) -> None:
    made = home.cli_json("keys", "create", "--mode", "live", "--kind", "public", "--expires-in-days", "30")
    assert re.fullmatch(r"pk_(?!test_)[0-9A-Za-z]{24,}", made["key"])
    assert (made["mode"], made["kind"]) == ("live", "public")
    days = rows_of(
        database_url(home.data),
        "select extract(epoch from expires_at - created_at) / 86400 as days from api_keys where id = $1",
        made["id"],
    )
    assert round(days[0]["days"]) == 30
    refused = Caller(home.server.base, made["key"]).open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "secret_key_required")


def test_a_collectors_key_is_made_for_a_till(home: Home) -> None:
    made = home.cli_json("keys", "create", "--kind", "collector")
    assert re.fullmatch(r"ck_test_[0-9A-Za-z]{24,}", made["key"])
    assert (made["mode"], made["kind"], made["expires_at"]) == ("test", "collector", None)
    (listed,) = [key for key in home.cli_json("keys", "list") if key["id"] == made["id"]]
    assert (listed["kind"], listed["state"]) == ("collector", "in force")
    till = Caller(home.server.base, made["key"])
    totals = till.get("/billing/daily_totals")
    assert (totals.status_code, totals.json()["collector_id"]) == (200, made["id"])
    refused = till.open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "secret_key_required")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("keys", "revoke", "key_nothing"), "key_nothing"),
        (("merchants", "payment-rules", "--currency", "ZAR", "--min-amount", "7"), "--max-amount"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(home: Home, arguments: tuple[str, ...], says: str) -> None:
    done = dues(*arguments, data=str(home.data))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_payment_rules_are_shown_changed_and_taken_away(home: Home) -> None:
    def shown() -> Any:
        opened = home.caller().open_account(currency="NAD", balance=5)
        assert opened.status_code == 201
        return opened.json().get("payment_rules")

    chosen = ("merchants", "payment-rules", "--mode", "test", "--kind", "account", "--currency", "NAD")
    assert [row["payment_rules"] for row in home.cli_json(*chosen)] == [shown()]

    values = ("--min-amount", "7", "--max-amount", "700", "--no-underpayment", "--overpayment")
    wanted = {"min_amount": 7, "max_amount": 700, "underpayment_allowed": False, "overpayment_allowed": True}
    assert home.cli_json(*chosen, *values) == [
        {"mode": "test", "kind": "account", "currency": "NAD", "payment_rules": wanted}
    ]
    assert shown() == wanted

    assert home.cli_json(*chosen, "--remove") == []
    assert shown() is None


def test_the_databases_url_is_one_that_works(home: Home) -> None:
    url = home.cli("database-url").strip()
    assert rows_of(url, "select 1 as one") == [{"one": 1}]


def test_everything_can_be_set_up_while_no_server_runs(folder: Path) -> None:
    home = Home(folder / "data", RunningServer(data=folder / "data", log=folder / "log"))
    made = home.cli_json("merchants", "create", "Ümläut & Söhne")
    assert {(key["mode"], key["kind"]) for key in made["keys"]} == {
        (mode, kind) for mode in ("test", "live") for kind in ("secret", "public")
    }
    other = home.cli("merchants", "create", "Another")
    assert not home.database_runs

    with stopped_at_the_end(home.server):
        assert "sk_" not in home.server.start(), "there are merchants already"
        live_secret = next(key["key"] for key in made["keys"] if (key["mode"], key["kind"]) == ("live", "secret"))
        for key in (keys_in(other)["test", "secret"], live_secret):
            opened = Caller(home.server.base, key).open_account(external_reference="one each")
            assert opened.status_code == 201
        assert [row["name"] for row in home.cli_json("merchants", "list")] == ["Ümläut & Söhne", "Another"]
        shown = home.cli_json("merchants", "show", made["id"])
        assert (shown["id"], shown["name"], len(shown["keys"])) == (made["id"], "Ümläut & Söhne", 4)
        ambiguous = dues("keys", "create", data=str(home.data))
        assert ambiguous.returncode == 2, "whose key shall it be?"
        assert "--merchant" in ambiguous.stderr


# Keys that end ----------------------------------------------------------------------------------------------------


def refused_as(caller: Caller) -> str | None:
    """Why a key is refused, or None."""
    answer = caller.get("/billing/accounts/none")
    code: str = answer.json()["code"]
    assert answer.status_code in (403, 404)
    return code if answer.status_code == 403 else None


def test_a_revoked_key_is_out_within_a_second_on_every_process(
    merchant: Merchant, server: RunningServer, second_server: RunningServer, database_url: str
) -> None:
    callers = [merchant.caller(base=base) for base in (server.base, second_server.base)]
    assert [refused_as(caller) for caller in callers] == [None, None]
    key = next(key for key in merchant.keys if (key.mode, key.kind) == ("test", "secret"))
    revoking = subprocess.Popen(
        [sys.executable, "-m", "dues", "keys", "revoke", key.id],
        env=environment(database_url=database_url),
        stdout=subprocess.DEVNULL,
    )
    while revoking.poll() is None:  # in use all the time, so that every process remembers it
        for caller in callers:
            refused_as(caller)
    assert revoking.returncode == 0
    time.sleep(1)
    assert [refused_as(caller) for caller in callers] == ["key_revoked", "key_revoked"]
    assert refused_as(merchant.caller("live")) is None


def test_a_key_is_refused_from_the_moment_it_expires(
    merchant: Merchant, server: RunningServer, second_server: RunningServer, ask: Ask[list[Row]]
) -> None:
    key = next(key for key in merchant.keys if (key.mode, key.kind) == ("test", "secret"))

    async def expire(database: Database) -> list[Row]:
        return await database.rows(
            "update api_keys set expires_at = now() + interval '1.5 seconds' where id = $1 returning now()", key.id
        )

    callers = [merchant.caller(base=base) for base in (server.base, second_server.base)]
    ask(expire)
    expires_at = time.monotonic() + 1.5
    while time.monotonic() < expires_at - 0.5:
        assert [refused_as(caller) for caller in callers] == [None, None]
        time.sleep(0.05)
    time.sleep(0.7)
    assert [refused_as(caller) for caller in callers] == ["key_expired", "key_expired"]
