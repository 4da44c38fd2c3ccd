"""Installed without a clone: a wheel, by pipx or uv, by a user who is not root, in a folder with nothing in it."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.journeys.home import PRINTED_LAST
from tests.running import free_port
from tests.wheel import build_wheel

soak = pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes long")

USER = "dues-installs"

INSTALL_SECONDS_MAX = 600


class Somebody:
    """A user with a home and nothing of the source: one who is made, where we are root; else whoever we are."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.name = USER if os.geteuid() == 0 else ""
        if self.name:
            subprocess.run(["useradd", "--no-create-home", "--home-dir", home, self.name], check=True)
            shutil.chown(home, self.name, self.name)

    def environment(self) -> dict[str, str]:
        """What is set for whoever has just logged in, and where packages come from."""
        kept = {name: text for name, text in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
        path = f"{self.home}/.local/bin:/usr/local/bin:/usr/bin:/bin"
        return kept | {"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8"}

    def start(self, folder: Path, *command: str | Path, **options: Any) -> "subprocess.Popen[Any]":
        """Begins a program in a folder."""
        as_user: dict[str, Any] = {"user": self.name, "group": self.name, "extra_groups": []} if self.name else {}
        return subprocess.Popen(command, cwd=folder, env=self.environment(), text=True, **as_user, **options)

    def run(self, folder: Path, *command: str | Path) -> str:
        """Runs one to its end; what it printed. It must succeed."""
        process = self.start(folder, *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        printed, complained = process.communicate(timeout=INSTALL_SECONDS_MAX)
        assert process.returncode == 0, f"{command}: {printed}{complained}"
        return str(printed)

    def has(self, program: str) -> bool:
        """Whether there is such a program for this user."""
        return shutil.which(program, path=self.environment()["PATH"]) is not None

    def leave(self) -> None:
        """Removes the user."""
        if self.name:
            subprocess.run(["userdel", self.name], check=True)


@pytest.fixture
def somebody() -> Iterator[Somebody]:
    """Such a user, until the test is over."""
    home = Path(tempfile.mkdtemp(prefix="dues-installed-"))
    home.chmod(0o755)
    if os.geteuid() == 0 and shutil.which("useradd") is None:
        pytest.skip("there is no useradd, and root is not who is asked for")
    made = Somebody(home)
    try:
        yield made
    finally:
        made.leave()
        shutil.rmtree(home, ignore_errors=True)


def served(somebody: Somebody, folder: Path, dues: list[str]) -> float:
    """Serves in an empty folder, sends the call that is printed, and asks how it is; the seconds until 201."""
    began = time.monotonic()
    port, out = free_port(), folder / "out"
    with out.open("w") as printed:
        server = somebody.start(folder, *dues, "serve", "--port", str(port), stdout=printed, stderr=subprocess.STDOUT)
    try:
        while PRINTED_LAST not in out.read_text():
            assert server.poll() is None, out.read_text()
            assert time.monotonic() < began + 60, out.read_text()
            time.sleep(0.05)
        told = out.read_text()
        call = told[told.index("curl ") : told.index(PRINTED_LAST)]
        assert somebody.run(folder, "sh", "-c", f"{call.strip()}").startswith("HTTP/1.1 201 Created")
        seconds = time.monotonic() - began
        assert httpx.get(f"http://127.0.0.1:{port}/docs/guides/install").status_code == 200
        status = json.loads(somebody.run(folder, *dues, "status", "--json"))
        assert (status["schema"]["state"], status["merchants"], status["wrong"]) == ("current", 1, [])
        assert [one["pid"] for one in status["servers"]] in (
            [server.pid],
            [psutil.Process(server.pid).children()[0].pid],
        )
        owners = {path.owner() for path in (folder / "data").rglob("*")}
        assert owners == {somebody.name or folder.owner()}
    finally:
        with suppress(psutil.NoSuchProcess):
            for process in [*psutil.Process(server.pid).children(), psutil.Process(server.pid)]:
                if "postgres" not in process.name():
                    process.terminate()
        server.wait(30)
    assert not (folder / "data" / "postgres" / "postmaster.pid").exists()
    return seconds


@pytest.mark.soak
@soak
@pytest.mark.parametrize("installer", ["pipx", "uvx"])
def test_from_a_wheel_to_a_first_account(installer: str, somebody: Somebody, tmp_path: Path) -> None:
    if not somebody.has(installer):
        pytest.skip(f"there is no {installer} that every user can run")
    if not somebody.has("curl"):
        pytest.skip("there is no curl")
    wheel = shutil.copy(build_wheel(tmp_path), somebody.home)
    folder = somebody.home / "empty"
    folder.mkdir()
    if somebody.name:
        shutil.chown(folder, somebody.name, somebody.name)

    began = time.monotonic()
    if installer == "pipx":
        somebody.run(folder, "pipx", "install", wheel)
        dues = [f"{somebody.home}/.local/bin/dues"]
        assert list(somebody.home.rglob("share/man/man1/dues.1"))
    else:
        dues = ["uvx", "--from", str(wheel), "dues"]
    assert somebody.run(folder, *dues, "--version").startswith("dues ")
    installed = time.monotonic() - began
    seconds = served(somebody, folder, dues)
    print(f"\n{installer}: installed in {installed:.1f} s; from dues serve to 201 in {seconds:.1f} s")
