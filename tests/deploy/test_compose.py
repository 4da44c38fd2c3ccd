"""What the compose file runs, in the order in which it says so, on a PostgreSQL as its image makes one: no engine."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dues.db.embedded import BINARIES
from tests.deploy.files import DEPLOY, ROOT, Object, compose
from tests.journeys.home import dues
from tests.journeys.journal import keys_in
from tests.journeys.own_database import rows_of, until
from tests.running import Caller, RunningServer, free_port

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")]

GUIDE = ROOT / "docs" / "guides" / "run-in-docker.md"

IN_ANOTHER_ACCOUNT = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
"""PostgreSQL refuses root."""


class Composed:
    """The secrets that the guide makes, and a cluster on a port of its own, in which `roles.sh` has run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        (block, *_) = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
        subprocess.run(["sh", "-e", "-c", block], cwd=folder, check=True)
        self.secrets = folder / "secrets"

    def settings(self, service: str) -> dict[str, str]:
        """Those of a service, with the files and the database that are here."""
        found: Object = compose()["services"][service]["environment"]
        here = {}
        for name, text in found.items():
            named = re.sub(r"\$\{\w+:-(.*)\}", r"\1", text)
            if named.startswith("/run/secrets/"):
                assert named.removeprefix("/run/secrets/") in compose()["services"][service]["secrets"]
                copy = self.folder / f"{service}-{named.rpartition('/')[2]}"
                copy.write_text(self.secret(named).replace("@database/", f"@127.0.0.1:{self.port}/"))
                named = str(copy)
            here[name.removeprefix("DUES_").lower()] = named
        return here

    def secret(self, mounted: str) -> str:
        """What a container finds there."""
        file: str = compose()["secrets"][mounted.removeprefix("/run/secrets/")]["file"]
        return (self.folder / file).read_text()

    def start(self) -> subprocess.Popen[bytes]:
        """Makes the cluster as the image does, and starts it."""
        data, environment = self.folder / "cluster", compose()["services"]["database"]["environment"]
        (self.folder / "superuser").write_text(self.secret(environment["POSTGRES_PASSWORD_FILE"]))
        data.mkdir()
        if IN_ANOTHER_ACCOUNT:
            shutil.chown(data, "nobody", "nogroup")
        options = [*environment["POSTGRES_INITDB_ARGS"].split(), "--auth-local=trust", "--username=postgres"]
        self._run("initdb", *options, f"--pwfile={self.folder}/superuser", "--no-sync", f"--pgdata={data}")
        place = ["-D", str(data), "-k", str(data), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        log = (self.folder / "log").open("w")
        server = subprocess.Popen([*IN_ANOTHER_ACCOUNT, str(BINARIES / "postgres"), *place], stdout=log, stderr=log)
        log.close()
        until(lambda: self._is_ready("postgres"))
        script = self.folder / "roles.sh"
        script.write_text((DEPLOY / "roles.sh").read_text().replace("/run/secrets/", f"{self.secrets}/"))
        there = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "POSTGRES_USER": "postgres"}
        there |= {"PGPASSFILE": "/nowhere", "PGPASSWORD": (self.secrets / "superuser_password").read_text().strip()}
        path = f"{BINARIES}:{os.environ['PATH']}"
        subprocess.run(["sh", script], env=os.environ | there | {"PATH": path}, check=True)
        return server

    def _is_ready(self, database: str) -> bool:
        ask = [
            str(BINARIES / "pg_isready"),
            "--quiet",
            "--host=127.0.0.1",
            f"--port={self.port}",
            f"--dbname={database}",
        ]
        return subprocess.run(ask, check=False).returncode == 0

    @staticmethod
    def _run(program: str, *arguments: str) -> None:
        command = [*IN_ANOTHER_ACCOUNT, str(BINARIES / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def composed() -> Iterator[Composed]:
    """With its cluster, which is thrown away. Its folder is one that another account can go to."""
    with TemporaryDirectory(prefix="dues-composed-") as folder:
        Path(folder).chmod(0o755)
        made = Composed(Path(folder))
        server = made.start()
        try:
            yield made
        finally:
            server.send_signal(signal.SIGINT)  # which the compose file names: no waiting for clients
            server.wait(20)


def test_from_the_secrets_of_the_guide_to_a_first_account(composed: Composed) -> None:
    services = compose()["services"]
    assert services["migrate"]["depends_on"].keys() == {"database"}
    assert services["dues"]["depends_on"].keys() == {"database", "migrate"}
    home = {"data": str(composed.folder / "keys")}
    server_settings = home | composed.settings("dues")

    too_early = dues("migrate", **server_settings)  # what servers in Kubernetes wait by
    assert too_early.returncode == 2
    assert "--grant-to dues_server" in too_early.stderr
    migrated = dues(*services["migrate"]["command"], **home | composed.settings("migrate"))
    assert migrated.returncode == 0, migrated.stderr
    assert dues("migrate", **server_settings).stdout == "The schema is current: there was nothing to apply.\n"

    server = RunningServer(data=composed.folder / "keys", log=composed.folder / "server", **composed.settings("dues"))
    with server.running():
        printed = server.log.with_suffix(".out").read_text()
        caller = Caller(server.base, keys_in(printed)["test", "secret"])
        assert caller.open_account().status_code == 201
        assert dues("verify", **server_settings).returncode == 0
    owner = (composed.folder / "migrate-owner_url").read_text().strip()
    assert rows_of(owner, "select 1 where has_table_privilege('dues_server', 'entries', 'delete')") == []
    assert (composed.secrets.stat().st_mode & 0o777) == 0o700
