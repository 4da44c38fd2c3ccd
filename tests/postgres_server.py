"""A PostgreSQL of any version that listens on a port of loopback, wants passwords, and speaks TLS if it is to."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import trustme

from dues.db.embedded import BINARIES
from dues.db.server_account import programs, server_account, take_over
from tests.leftovers import MARK
from tests.running import free_port

EMBEDDED = "18"
"""The version that comes along."""

PASSWORD = "geheim-123"

_PLACES = ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin")
"""Where Debian, Red Hat and Homebrew put the programs of a version."""


def binaries_of(version: str) -> Path | None:
    """Where this machine has the programs of a version: `DUES_TEST_POSTGRES_16=/…/bin` says it of 16, for example."""
    said = os.environ.get(f"DUES_TEST_POSTGRES_{version}")
    places = [Path(said)] if said else [Path(place.format(version)) for place in _PLACES]
    found = next((place for place in places if (place / "postgres").exists()), None)
    return BINARIES if found is None and version == EMBEDDED else found


class PostgresServer:
    """A server with the role `dues`, a superuser, in a folder of its own."""

    def __init__(self, binaries: Path, authority: trustme.CA | None = None, certified: str = "localhost") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dues-pg-"))
        self.folder.chmod(0o755)
        self._data = self.folder / "data"
        self._account = server_account(self._data)
        self._binaries = programs(binaries, self._account)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._data.mkdir(mode=0o700)
        self._take_over()
        (self.folder / "password").write_text(PASSWORD)
        self._run(
            "initdb",
            "-U",
            "dues",
            "-A",
            "scram-sha-256",
            "--pwfile",
            str(self.folder / "password"),
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        )
        lines = ["host all,replication all 127.0.0.1/32 scram-sha-256"]
        if authority:
            lines = ["hostssl all all 127.0.0.1/32 scram-sha-256", "hostnossl all all 127.0.0.1/32 reject"]
            certificate = authority.issue_cert(certified)
            certificate.cert_chain_pems[0].write_to_path(self._data / "server.crt")
            certificate.private_key_pem.write_to_path(self._data / "server.key")
            (self._data / "server.key").chmod(0o600)
        (self._data / "pg_hba.conf").write_text("\n".join([*lines, ""]))
        self._tls = authority is not None

    @property
    def pid(self) -> int:
        """Its first process."""
        assert self._process
        return self._process.pid

    @property
    def speaks_tls(self) -> bool:
        """Whether it was built so that it can."""
        return bool(self._run("postgres", "-C", "ssl_library").strip())

    def copy(self) -> "PostgresServer":
        """A standby of it. It must not run meanwhile."""
        other = object.__new__(PostgresServer)
        other.__dict__ = self.__dict__ | {"folder": Path(tempfile.mkdtemp(prefix="dues-pg-")), "port": free_port()}
        other.folder.chmod(0o755)
        other._data = other.folder / "data"
        subprocess.run(["cp", "-a", str(self._data), str(other._data)], check=True)
        (other._data / "standby.signal").touch()
        told = f"host=127.0.0.1 port={self.port} user=dues password={PASSWORD}"
        with (other._data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{told}'\n")
        other._take_over()
        return other

    def _take_over(self) -> None:
        for path in (self._data, *self._data.glob("**/*")):
            if path.stat().st_uid == 0 and self._account:
                os.chown(path, self._account.uid, self._account.gid)
        take_over(self._data, self._account)

    def url(self, database: str = "dues", user: str = "dues", password: str = PASSWORD, host: str = "127.0.0.1") -> str:
        """Where it is."""
        return f"postgresql://{user}:{password}@{host}:{self.port}/{database}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self._take_over()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "ssl": "on" if self._tls else "off",
        }
        options = [part for name, text in settings.items() for part in ("-c", f"{name}={text}")]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self._data), *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                **self._as_account(),
            )
        deadline = time.monotonic() + 30
        while not self._is_ready():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() in ("ready", "standby")

    def stop(self, how: int = signal.SIGINT) -> None:
        """Ends it: SIGINT at once but in order, SIGQUIT as a crash does, and waits."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)

    def close(self) -> None:
        """Ends it, and removes its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def rows(self, query: str, *arguments: object, database: str = "postgres") -> list[dict[str, Any]]:
        """The rows of one statement."""

        async def run() -> list[dict[str, Any]]:
            connection = await asyncpg.connect(self.url(database), ssl="require" if self._tls else "disable")
            try:
                return [dict(row) for row in await connection.fetch(query, *arguments)]
            finally:
                await connection.close()

        return asyncio.run(run())

    def _run(self, program: str, *options: str) -> str:
        done = subprocess.run(
            [str(self._binaries / program), "-D", str(self._data), *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            **self._as_account(),
        )
        return str(done.stdout)

    def _as_account(self) -> dict[str, Any]:
        kept = {name: text for name, text in os.environ.items() if name in ("PATH", MARK)}
        started: dict[str, Any] = {"cwd": self.folder, "env": kept | {"LC_ALL": "C.UTF-8"}}
        if self._account:
            started |= {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}
        return started


@contextmanager
def running(server: PostgresServer) -> Iterator[PostgresServer]:
    """Started on entry, gone on exit."""
    try:
        server.start()
        yield server
    finally:
        server.close()
