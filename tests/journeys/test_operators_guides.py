"""What guides tell whoever runs a server, done as they say it: each line in a shell, in the order of the page."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters import OLDEST, OldestPostgres, Template, oldest_binaries
from tests.journeys.home import PRINTED_LAST, environment
from tests.journeys.journal import keys_in
from tests.journeys.own_database import database_url, rows_of
from tests.running import Caller, free_port

GUIDES = Path(__file__).parents[2] / "docs" / "guides"

soak = pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes long")

SERVES = re.compile(r"(?:\w+=\S* )*dues serve(?P<replaces> --replace)?")


class Reader:
    """Somebody at two terminals: servers run on one until the next is begun, all else is done on the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.printed = ""
        self._served = 0
        self._servers: list[subprocess.Popen[bytes]] = []
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.settings = environment(port=str(self.port), drain_seconds="0") | {"PATH": path}
        del self.settings["DUES_DATA"]

    @property
    def base(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    def follow(self, guide: str, **variables: str) -> None:
        """Does all that a guide says, block by block."""
        text = (GUIDES / f"{guide}.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        assert blocks
        for block in blocks:
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                self.do(line, **variables)

    def do(self, line: str, **variables: str) -> None:
        """Does one line."""
        if told := SERVES.fullmatch(line):
            self.serve(line, replaces=bool(told["replaces"]), **variables)
            return
        if line.startswith("test ! -e "):
            self.stop()
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.settings | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.printed = done.stdout

    def serve(self, line: str = "dues serve", *, replaces: bool = False, **variables: str) -> str:
        """Begins a server in place of the one before; what it prints until it serves."""
        if not replaces:
            self.stop()
        self._served += 1
        out = self.folder / f"printed-{self._served}"
        with out.open("w") as printed:
            server = subprocess.Popen(
                ["bash", "-c", f"exec env {line}"],
                cwd=self.folder,
                env=self.settings | variables,
                stdout=printed,
                stderr=printed,
            )
        self._servers.append(server)
        deadline = time.monotonic() + 60
        while PRINTED_LAST not in (told := out.read_text()):
            assert server.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        if replaces:
            [old, _] = self._servers
            assert old.wait(30) == 0
            self._servers.remove(old)
        return told

    def stop(self) -> None:
        """Ends what serves."""
        for server in self._servers:
            server.send_signal(signal.SIGTERM)
        for server in self._servers:
            assert server.wait(40) == 0
        self._servers.clear()

    def end(self) -> None:
        """The same, whatever happened."""
        for server in self._servers:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()


@pytest.fixture
def reader(empty_folder: Path) -> Iterator[Reader]:
    """Somebody with an empty folder."""
    made = Reader(empty_folder)
    yield made
    made.end()


@pytest.fixture
def beginner(reader: Reader, template: Template) -> Reader:
    """The same, with a server that was started there for the first time."""
    template.copy_to(reader.folder / "data")
    reader.printed = reader.serve()
    return reader


@pytest.fixture
def own(empty_folder: Path) -> Iterator[str]:
    """Another PostgreSQL, of the oldest version that dues works with, and nothing in it."""
    if oldest_binaries() is None:
        pytest.skip(f"this machine has no server of PostgreSQL {OLDEST}")
    postgres = OldestPostgres(empty_folder / "own")
    try:
        yield postgres.open()
    finally:
        postgres.close()
        shutil.rmtree(empty_folder / "own")


@pytest.mark.soak
@soak
def test_lost_keys_are_replaced_while_the_server_runs(beginner: Reader) -> None:
    lost = keys_in(beginner.printed)["test", "secret"]
    [key] = rows_of(database_url(beginner.folder / "data"), "select id from api_keys where last_four = $1", lost[-4:])
    assert Caller(beginner.base, lost).open_account().status_code == 201

    beginner.follow("lost-keys", OLD_KEY=key["id"])

    made = beginner.printed.split()[-1]
    assert Caller(beginner.base, made).open_account().status_code == 201
    refused = Caller(beginner.base, lost).open_account()
    assert (refused.status_code, refused.json()["code"]) == (403, "key_revoked")
    assert '"key":"sk_' in (beginner.folder / "new-live-key.json").read_text()
    left = rows_of(database_url(beginner.folder / "data"), "select last_four from api_keys where revoked_at is null")
    assert [row["last_four"] for row in left] == [made[-4:]]


@pytest.mark.soak
@soak
def test_whoever_starts_over_has_nothing_of_before(beginner: Reader) -> None:
    before = keys_in(beginner.printed)["test", "secret"]
    assert Caller(beginner.base, before).open_account().status_code == 201

    beginner.follow("start-over")

    assert sorted(path.name for path in beginner.folder.glob("*") if path.is_dir()) == ["data", "second"]
    refused = Caller(beginner.base, before).open_account()
    assert refused.status_code == 401
    assert [row["name"] for row in rows_of(database_url(beginner.folder / "data"), "select name from merchants")] == [
        "My company"
    ]


@pytest.mark.soak
@soak
def test_a_first_start_in_an_empty_folder(reader: Reader) -> None:
    reader.follow("install")
    assert f"servers     process {reader._servers[0].pid} on " in reader.printed


@pytest.mark.soak
@soak
def test_an_upgrade_replaces_the_server_and_has_a_way_back(beginner: Reader) -> None:
    caller = Caller(beginner.base, keys_in(beginner.printed)["test", "secret"])
    account = caller.open_account().json()["id"]

    beginner.follow("upgrade")

    assert caller.get(f"/billing/accounts/{account}").status_code == 200
    beginner.serve("DUES_DATA=restored dues serve")
    assert caller.get(f"/billing/accounts/{account}").status_code == 200
    beginner.do("DUES_DATA=restored dues status")
    assert "HELD" not in beginner.printed


@pytest.mark.soak
@soak
def test_all_moves_to_another_postgresql_and_back(beginner: Reader, own: str) -> None:
    caller = Caller(beginner.base, keys_in(beginner.printed)["test", "secret"])
    account = caller.open_account(balance=-500, currency="ZAR").json()

    beginner.follow("move-to-your-own-postgresql", OWN=own)

    assert not (beginner.folder / "data").exists()
    assert caller.get(f"/billing/accounts/{account['id']}").json() == account
    assert [row["id"] for row in rows_of(own, "select id from accounts")] == [account["id"]]
    beginner.serve("DUES_DATA=back dues serve")
    assert caller.get(f"/billing/accounts/{account['id']}").json() == account
