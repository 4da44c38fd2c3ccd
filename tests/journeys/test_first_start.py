"""What a first start prints, what later ones keep, and what can be done before any."""

import os
import pty
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.db.databases import EmptyDatabases
from tests.journeys.home import PRINTED_LAST, Home, dues, environment, new_home, stopped_at_the_end
from tests.journeys.journal import keys_in
from tests.journeys.own_database import database_url, rows_of
from tests.running import Caller, RunningServer
from tests.starting import STARTER


def test_a_first_start_prints_all_that_is_needed_and_a_second_keeps_it(empty_folder: Path) -> None:
    with new_home(empty_folder) as home:
        assert "sk_" not in home.printed
        assert "pk_" not in home.printed
        [kept] = home.data.glob("keys-of-*")
        assert str(kept) in home.printed
        assert kept.stat().st_mode & 0o777 == 0o600
        keys = keys_in(home.printed)
        assert list(keys) == [("test", "secret"), ("test", "public"), ("live", "secret"), ("live", "public")]
        for (mode, kind), key in keys.items():
            assert re.fullmatch(
                ("sk_" if kind == "secret" else "pk_") + ("test_" if mode == "test" else "") + r"\w+", key
            )
        assert not [key for key in keys.values() if key in home.server.log.read_text()]
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
            headers=[(name, _by_shell(text)) for name, _, text in headers],
        )
        assert sent.status_code == 201
        assert sent.json()["external_reference"] == "UAR1234567890"
        assert sent.json()["balance"] == 2000
        return sent.json()


def _by_shell(text: str) -> str:
    """What a shell makes of it: the key may have to be read from its file."""
    return subprocess.run(["sh", "-c", f'printf %s "{text}"'], capture_output=True, text=True, check=True).stdout


def test_on_a_terminal_the_keys_are_shown_and_written_nowhere(empty_folder: Path, databases: EmptyDatabases) -> None:
    master, terminal = pty.openpty()
    settings = environment(database_url=databases.new(), data=str(empty_folder / "data"), port="0")
    with os.fdopen(terminal, "w") as out, (empty_folder / "log").open("w") as log:
        process = STARTER.start(["serve"], settings, out, log)
    printed = b""
    try:
        while PRINTED_LAST.encode() not in printed:
            printed += os.read(master, 10_000)
    finally:
        process.terminate()
        process.wait(20)
        os.close(master)
    keys = keys_in(printed.decode().replace("\r\n", "\n"))
    assert len(keys) == 4
    for (mode, kind), key in keys.items():
        assert printed.count(key.encode()) == (2 if (mode, kind) == ("test", "secret") else 1)
    assert not (empty_folder / "data").exists()


def test_where_keys_can_be_kept_nowhere_there_is_no_merchant(empty_folder: Path, databases: EmptyDatabases) -> None:
    url = databases.new()
    (empty_folder / "file").write_text("not a folder")
    done = dues("serve", database_url=url, data=str(empty_folder / "file"), port="0")
    assert done.returncode == 2
    assert f"{empty_folder}/file/keys-of-mer_" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert rows_of(url, "select from merchants") == []


@pytest.mark.slow
def test_everything_can_be_set_up_while_no_server_runs(empty_folder: Path) -> None:
    home = Home(empty_folder / "data", RunningServer(data=empty_folder / "data", log=empty_folder / "log"))
    with stopped_at_the_end(home.server):
        home.server.start()
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
        assert [row["name"] for row in home.cli_json("merchants", "list")][1:] == ["Ümläut & Söhne", "Another"]
        shown = home.cli_json("merchants", "show", made["id"])
        assert (shown["id"], shown["name"], len(shown["keys"])) == (made["id"], "Ümläut & Söhne", 4)
        ambiguous = dues("keys", "create", data=str(home.data))
        assert ambiguous.returncode == 2, "whose key shall it be?"
        assert "--merchant" in ambiguous.stderr
