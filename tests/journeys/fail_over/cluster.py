"""Three machines, as network namespaces of this one: two with Patroni and PostgreSQL, all with etcd, as in the guide.

dues is in a fourth. They are connected by a bridge there; a machine is cut off by taking its link down, and then no
packet comes or goes any more, as when its cable is pulled. Everything runs with the files of the guide.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.clusters import oldest_binaries
from tests.journeys.own_database import until

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guides" / "fail-over.md"
BIN = "/usr/lib/postgresql/15/bin"
RELAY = Path(__file__).parent / "relay.py"

PATRONI_MIN = (3, 1)
"""See the guide."""

PEOPLE = {"postgres": "nobody"}
"""PostgreSQL refuses root."""


def lacking() -> str | None:
    """What this machine has not, if anything."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not (oldest_binaries() and Path(BIN).exists()):
        return f"this machine has no PostgreSQL 15 in {BIN}"
    for program, package in {
        "patroni": "patroni",
        "patronictl": "patroni",
        "etcd": "etcd-server",
        "ip": "iproute2",
        "setpriv": "util-linux",
    }.items():
        if not shutil.which(program):
            return f"this machine has no {program} (Debian: {package})"
    if patroni_version() < PATRONI_MIN:
        return "Patroni before 3.1 may take no standby back after a fail-over (PyPI: patroni[etcd3], on the PATH)"
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return "network namespaces are not allowed here" if tried.returncode else None


def patroni_version() -> tuple[int, ...]:
    """Of this machine's Patroni."""
    told = subprocess.run(["patroni", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", told))


def block(kind: str) -> str:
    """A file of the guide."""
    found = re.search(rf"(?ms)^```\w+ {kind}\n(.*?)^```$", GUIDE.read_text())
    assert found, f"the guide has no {kind}"
    return found[1]


def url_of_the_guide() -> str:
    """What the guide gives dues."""
    found = re.search(r"(?m)^DUES_DATABASE_URL=(\S+)$", GUIDE.read_text())
    assert found
    return found[1]


def put(text: str, old: str, new: str) -> str:
    """Replaces what the guide has to have."""
    assert old in text, f"the guide does not say {old}"
    return text.replace(old, new)


@dataclass
class Machine:
    """One of the three."""

    number: int
    space: str
    folder: Path
    started: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def address(self) -> str:
        """As in the guide."""
        return f"10.0.0.1{self.number}"

    @property
    def name(self) -> str:
        """As in the guide."""
        return f"db{self.number}"

    def run(self, *command: str) -> None:
        """Starts a program on it, as nobody."""
        log = (self.folder / f"{Path(command[0]).name}.log").open("ab")
        as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        environment |= {name: os.environ[name] for name in ("STARTED_BY_TESTS",) if name in os.environ}
        with log:
            self.started.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", self.space, *as_nobody, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    env=environment,
                )
            )

    def end(self) -> None:
        """Ends all that runs on it, however it is, and the machine."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
            process.wait()
        for started in self.started:
            started.wait(10)
        subprocess.run(["ip", "netns", "del", self.space], check=False, capture_output=True)

    def processes(self) -> list[psutil.Process]:
        """All that run on it."""
        told = subprocess.run(["ip", "netns", "pids", self.space], capture_output=True, text=True, check=False)
        found = []
        for pid in told.stdout.split():
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(int(pid)))
        return found

    def signal(self, number: signal.Signals, but: str = "") -> None:
        """To all that run on it, but those with a name."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                if process.name() != but:
                    process.send_signal(number)

    def start_etcd(self) -> None:
        """As in the guide."""
        command = block("etcd").replace("\\\n", " ")
        command = put(command, "--data-dir /var/lib/etcd/dues", f"--data-dir {self.folder / 'etcd'}")
        if self.number != 1:
            command = put(command, "--name db1", f"--name {self.name}")
            cluster = re.search(r"--initial-cluster \S+", command)
            assert cluster
            head, tail = command.split(cluster[0])
            command = put(head, "10.0.0.11", self.address) + cluster[0] + tail
        if (self.folder / "etcd").exists():
            command = put(command, "--initial-cluster-state new", "--initial-cluster-state existing")
        self.run(*command.split())

    def start_patroni(self) -> None:
        """As in the guide; without a watchdog, which a test must not have."""
        text = block("patroni")
        etcd = re.search(r"hosts: \S+", text)
        assert etcd
        before, after = text.split(etcd[0])
        if self.number != 1:
            before, after = put(before, "name: db1", f"name: {self.name}"), put(after, "10.0.0.11", self.address)
        text = before + etcd[0] + after
        text = put(text, "/var/lib/postgresql/15/dues", str(self.folder / "data"))
        text = put(text, "/var/lib/postgresql/.pgpass-patroni", str(self.folder / "pgpass"))
        text = put(text, "mode: automatic", "mode: off")
        text = put(text, "  pgpass:", f"  parameters: {{unix_socket_directories: {self.folder}}}\n  pgpass:")
        text = put(text, "local all all peer", "local all all trust")
        (self.folder / "patroni.yml").write_text(text)
        self.run("patroni", str(self.folder / "patroni.yml"))

    def start(self) -> None:
        """All that runs on it."""
        self.start_etcd()
        if self.number < 3:
            self.start_patroni()


class Cluster:
    """All of it."""

    def __init__(self) -> None:
        # Whoever is nobody has to come there.
        self.folder = Path(tempfile.mkdtemp(prefix="dues-", dir="/var/tmp"))
        nobody = pwd.getpwnam(PEOPLE["postgres"])
        tag = f"dues{os.getpid() % 10_000}"
        self.app = f"{tag}-app"
        self.machines = []
        self._beside = Machine(0, self.app, self.folder)
        self.folder.chmod(0o755)
        for number in (1, 2, 3):
            machine = Machine(number, f"{tag}-{number}", self.folder / f"db{number}")
            machine.folder.mkdir(mode=0o700)
            os.chown(machine.folder, nobody.pw_uid, nobody.pw_gid)
            self.machines.append(machine)
        self.doors: dict[str, int] = {}
        """Where the machines can be reached from here: name to a port."""

    @contextmanager
    def running(self) -> Iterator["Cluster"]:
        """From entry to exit; nothing of it is left."""
        try:
            self._connect()
            for machine in self.machines:
                machine.start()
            self._open_doors()
            until(lambda: self.primary() and self.standby(), 120)
            yield self
        finally:
            self._take_down()

    def _connect(self) -> None:
        _ip("netns", "add", self.app)
        for command in (
            "link add bridge type bridge",
            "addr add 10.0.0.1/24 dev bridge",
            "link set bridge up",
            "link set lo up",
        ):
            _ip("-n", self.app, *command.split())
        for machine in self.machines:
            here = f"to{machine.number}"
            _ip("netns", "add", machine.space)
            _ip("-n", self.app, *f"link add {here} type veth peer name eth0 netns {machine.space}".split())
            _ip("-n", self.app, *f"link set {here} master bridge up".split())
            for command in (f"addr add {machine.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
                _ip("-n", machine.space, *command.split())

    def cut_off(self, machine: Machine) -> None:
        """Pulls its cable."""
        _ip("-n", self.app, "link", "set", f"to{machine.number}", "down")

    def connect_again(self, machine: Machine) -> None:
        """Puts it back."""
        _ip("-n", self.app, "link", "set", f"to{machine.number}", "up")

    def _open_doors(self) -> None:
        wanted = {
            f"{kind}{one.number}": f"{one.address}:{port}"
            for one in self.machines[:2]
            for kind, port in (("sql", 5432), ("rest", 8008))
        }
        sockets = {name: _listener() for name in wanted}
        self.doors = {name: one.getsockname()[1] for name, one in sockets.items()}
        files = {name: one.fileno() for name, one in sockets.items()}
        arguments = [f"{files[name]}={address}" for name, address in wanted.items()]
        command = ["ip", "netns", "exec", self.app, str(ROOT / ".venv/bin/python"), str(RELAY), *arguments]
        relay = subprocess.Popen(command, pass_fds=list(files.values()), stdin=subprocess.DEVNULL)
        self._beside.started.append(relay)
        for one in sockets.values():
            one.close()

    def _take_down(self) -> None:
        for machine in (*self.machines, self._beside):
            machine.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    # How it is ------------------------------------------------------------------------------------------------

    def says(self, machine: Machine, path: str) -> tuple[int, Any]:
        """What Patroni on a machine answers; 0 where it does not."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.doors[f'rest{machine.number}']}{path}", timeout=2)
            return answer.status_code, answer.json() if answer.content else None
        except (httpx.HTTPError, ValueError):
            return 0, None

    def primary(self) -> Machine | None:
        """The machine that is the primary."""
        return next((one for one in self.machines[:2] if self.says(one, "/primary")[0] == 200), None)

    def standby(self) -> Machine | None:
        """The machine that can take over without losing anything."""
        return next((one for one in self.machines[:2] if self.says(one, "/sync")[0] == 200), None)

    def url(self, user: str, password: str, database: str) -> str:
        """Both, as they are reached from here."""
        hosts = ",".join(f"127.0.0.1:{self.doors[f'sql{one.number}']}" for one in self.machines[:2])
        return f"postgresql://{user}:{password}@{hosts}/{database}?target_session_attrs=read-write"

    def switch_over(self) -> None:
        """As in the guide."""
        found = re.search(r"(?m)^patronictl -c \S+ (switchover .*)$", GUIDE.read_text())
        assert found
        command = ["patronictl", "-c", str(self.machines[0].folder / "patroni.yml"), *found[1].split()]
        subprocess.run(["ip", "netns", "exec", self.app, *command], check=True, capture_output=True, timeout=60)


def _listener() -> socket.socket:
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen(128)
    return one


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Server:
    """dues, in the network of the machines; its clients are here."""

    def __init__(self, cluster: Cluster, url: str, log: Path) -> None:
        self._cluster = cluster
        self._url = url
        self.log = log

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """From entry to exit."""
        listener = _listener()
        self.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = {name: text for name, text in os.environ.items() if not name.startswith("DUES_")}
        environment |= {
            "DUES_DATABASE_URL": self._url,
            "DUES_DRAIN_SECONDS": "0",
            "DUES_DATA": str(self._cluster.folder / "dues"),
        }
        lent = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec 3<&{listener.fileno()}; exec "$@"'
        command = ["bash", "-c", lent, "bash", str(ROOT / ".venv/bin/dues"), "serve"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self._cluster.app, *command],
                env=environment,
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        listener.close()
        try:
            until(lambda: self._is_ready() or process.poll() is not None, 60)
            assert process.poll() is None, self.log.read_text()[-2000:]
            yield self
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()

    def _is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.base}/readyz", timeout=5).status_code == 200
        return False
