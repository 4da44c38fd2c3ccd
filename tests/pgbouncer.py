"""PgBouncer before a PostgreSQL, as people have it: its configuration, and nothing that dues asked it for."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

from dues.db.server_account import server_account
from tests.postgres_server import PASSWORD, PostgresServer
from tests.running import free_port

PREPARED_SINCE = (1, 21)
"""The first that keeps prepared statements in transaction mode."""


def find_pgbouncer(since: tuple[int, int] = (1, 0)) -> tuple[str, str] | None:
    """The program, and its version, if this machine has one so new. `DUES_TEST_PGBOUNCER` may name another."""
    for program in (shutil.which("pgbouncer"), "/usr/sbin/pgbouncer", os.environ.get("DUES_TEST_PGBOUNCER")):
        if program and Path(program).exists():
            done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
            found = re.search(r"PgBouncer (\d+)\.(\d+)\.\d+", done.stdout)
            if found and (int(found[1]), int(found[2])) >= since:
                return program, found[0]
    return None


class PgBouncer:
    """One in a mode, before a server."""

    def __init__(self, program: str, server: PostgresServer, mode: str, *settings: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dues-pgb-"))
        self._folder.chmod(0o755)
        self._server = server
        self.port = free_port()
        (self._folder / "users").write_text(f'"dues" "{PASSWORD}"\n')
        given = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(self._folder / "users"),
            "pool_mode": mode,
            "max_client_conn": "200",
        }
        lines = ["[databases]", f"* = host=127.0.0.1 port={server.port}", "[pgbouncer]"]
        lines += [*(f"{name} = {text}" for name, text in given.items()), *settings]
        (self._folder / "pgbouncer.ini").write_text("\n".join([*lines, ""]))
        account = server_account(self._folder / "none")
        started = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [program, str(self._folder / "pgbouncer.ini")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **started,  # type: ignore[call-overload]
            )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Its process."""
        pid: int = self._process.pid
        return pid

    @property
    def log(self) -> str:
        """What it said."""
        return (self._folder / "log").read_text()

    def _answers(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, database: str = "dues") -> str:
        """Where it is."""
        return f"postgresql://dues:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(timeout=10)
        shutil.rmtree(self._folder, ignore_errors=True)
