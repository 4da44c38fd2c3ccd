"""The guide "Receive files by SFTP", by a real sshd with the guide's own block: slow, and as root alone."""

import asyncio
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dues.db.database import Database
from dues.domain.files.phones import as_e164
from dues.jobs.process import carry_out_all
from dues.resources.imports.carry_out import Carrier
from dues.resources.imports.dropped.dropping import Dropping
from dues.resources.imports.dropped.watch import DropFolder
from tests.conftest import Merchant
from tests.running import Caller, free_port, new_reference

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "receive-files-by-sftp.md"

PROGRAMS = {name: shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("sshd", "sftp", "useradd")}

NEEDED = [
    pytest.mark.soak,
    pytest.mark.skipif(os.environ.get("DUES_TEST_SOAK") != "1", reason="it makes accounts on this machine"),
    pytest.mark.skipif(os.getuid() != 0, reason="only root makes accounts, and locks others into folders"),
    pytest.mark.skipif(
        not all(PROGRAMS.values()), reason=f"lacks {', '.join(name for name, path in PROGRAMS.items() if not path)}"
    ),
]
pytestmark = NEEDED


def run(*command: str, **more: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return str(done.stdout)


class Host:
    """A machine as the guide sets it up: accounts, folders, and an sshd on a port of loopback."""

    def __init__(self, merchant: str) -> None:
        # Every folder above the one that a sender is locked into must be root's: not /tmp.
        self.folder = Path(tempfile.mkdtemp(prefix="dues-test-", dir="/var/lib"))
        self.folder.chmod(0o755)
        name = f"dues{uuid.uuid4().hex[:8]}"
        self.sender, self.dues, self.group = f"{name}s", f"{name}d", f"{name}g"
        self.root = self.folder / "drop"
        self.merchant = merchant
        self.port = free_port()
        self.sshd: subprocess.Popen[bytes] | None = None

    def says(self, beginning: str) -> str:
        """The block of the guide that begins so, of this machine."""
        blocks = re.findall(r"^```\w*\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
        [block] = [block for block in blocks if block.startswith(beginning)]
        for theirs, ours in {
            "/srv/dues/drop": str(self.root),
            "mer_0Ue8xPq2dH4jp6KnU5cPw": self.merchant,
            "/etc/ssh/dues-senders": str(self.folder / "keys"),
            "dues-senders": self.group,
            "acme.pub": str(self.folder / "acme.pub"),
            "sshd -t && systemctl reload ssh": "",
            "-o dues": f"-o {self.dues}",
            "acme dues": f"acme {self.dues}",
        }.items():
            block = block.replace(theirs, ours)
        return re.sub(r"\bacme\b(?!\.pub)", self.sender, block)

    def set_up(self) -> None:
        run("useradd", "--system", "--user-group", "--no-create-home", self.dues)
        run("bash", "-ec", self.says("groupadd"))
        for key in ("acme", "host"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / key))
        run("bash", "-ec", self.says("install -d -o root -g root -m 755 /etc"))
        # What a distribution's own file says before it; then the guide's block as it is.
        before = ["ListenAddress 127.0.0.1", f"Port {self.port}", f"HostKey {self.folder / 'host'}", "UsePAM no"]
        before += [f"PidFile {self.folder / 'pid'}", "Subsystem sftp /usr/lib/openssh/sftp-server"]
        config = self.folder / "sshd_config"
        config.write_text("\n".join([*before, self.says("Match Group")]))
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        sshd = PROGRAMS["sshd"] or ""
        run(sshd, "-t", "-f", str(config))
        log = (self.folder / "log").open("wb")
        self.sshd = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=log)
        log.close()

    def sftp(self, commands: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"]
        command = ["sftp", "-P", str(self.port), "-i", str(self.folder / "acme"), "-b", "-"]
        command += [part for option in options for part in ("-o", option)]
        deadline = time.monotonic() + 10
        while True:
            done = subprocess.run(
                [*command, f"{self.sender}@127.0.0.1"],
                input=commands,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if "Connection refused" not in done.stderr or time.monotonic() > deadline:
                return done
            time.sleep(0.1)

    def close(self) -> None:
        if self.sshd:
            self.sshd.terminate()
            self.sshd.wait()
        for account in (self.sender, self.dues):
            subprocess.run(["userdel", account], capture_output=True, check=False)
        subprocess.run(["groupdel", self.group], capture_output=True, check=False)
        shutil.rmtree(self.folder)


@pytest.fixture
def host(merchant: Merchant) -> Iterator[Host]:
    made = Host(merchant.id)
    try:
        made.set_up()
        yield made
    finally:
        made.close()


def look_as(host: Host, url: str, is_over: Callable[[], bool]) -> multiprocessing.process.BaseProcess:
    """Somebody who looks after the drop folder as the account of dues, with its groups and no more."""
    groups = [int(group) for group in run("id", "-G", host.dues).split()]
    uid, gid = int(run("id", "-u", host.dues)), int(run("id", "-g", host.dues))

    async def look() -> None:
        database = await Database.connect(url, 1)  # kept: the account could not open its socket,
        await asyncio.to_thread(
            as_e164, "0821234567", "ZA"
        )  # nor perhaps read what Python imports only when it is used
        os.setgroups(groups)
        os.setegid(gid)
        os.seteuid(uid)
        os.umask(0o077)
        drop = DropFolder(database, Dropping(host.root, 0.3, timedelta(days=1)))
        while not is_over():
            await drop.look()
            await asyncio.sleep(0.1)

    def process() -> None:
        asyncio.run(asyncio.wait_for(look(), 60))
        os._exit(0)

    started = multiprocessing.get_context("fork").Process(target=process)
    started.start()
    return started


def test_a_sender_puts_a_file_there_and_fetches_its_result(
    host: Host, database_url: str, alice: Caller, merchant: Merchant, tmp_path: Path
) -> None:
    live, jane = host.root / merchant.id / "live", new_reference("C")
    name = "ZA_Acme_dailyfile_2026-01-05.csv"
    (tmp_path / name).write_text(
        f"external_reference,first_name,last_name,passport_number,amount_due\n{jane},Jane,Doe,P1,240.00\n"
    )
    (tmp_path / "letter.txt").write_text("Dear Sir")
    (tmp_path / "private.csv").write_text("external_reference\nC-1\n")
    for sent, mode in ((name, 0o644), ("letter.txt", 0o640), ("private.csv", 0o600)):
        (tmp_path / sent).chmod(mode)

    [said] = re.findall(r"<<'END'\n(.*?)^END$", host.says("sftp -b -"), re.MULTILINE | re.DOTALL)
    done = host.sftp(said.replace(f"/{host.sender}", "/acme"), tmp_path)
    assert done.returncode == 0, done.stderr + (host.folder / "log").read_text()
    assert host.sftp("put letter.txt in/\nput private.csv in/customers.csv", tmp_path).returncode == 0
    assert (live / "in" / name).stat().st_mode & 0o777 == 0o640

    looking = look_as(host, database_url, lambda: (live / "out" / f"{name}.result.csv").exists())

    async def carry_out() -> None:
        database = await Database.connect(database_url, 4)
        while looking.is_alive():
            await carry_out_all(database, "the test", Carrier(database, "the test").run)
            await asyncio.sleep(0.1)
        await database.close()

    asyncio.run(carry_out())
    assert looking.exitcode == 0
    assert merchant.caller("live").get(f"/billing/customers/{jane}").json()["balance"] == 24_000
    assert alice.get(f"/billing/customers/{jane}").status_code == 404

    fetched = f"get out/{name}.result.csv\nget rejected/letter.txt.refused.json\nget done/{name} back.csv"
    done = host.sftp(fetched, tmp_path)
    assert done.returncode == 0, done.stderr
    assert ",created," in (tmp_path / f"{name}.result.csv").read_text()
    assert json.loads((tmp_path / "letter.txt.refused.json").read_text())["code"] == "file_name_unrecognised"
    assert (tmp_path / "back.csv").read_text() == (tmp_path / name).read_text()
    assert [path.name for path in (live / "in").iterdir()] == ["customers.csv"], "what dues cannot read is left there"

    # It can do nothing else.
    for forbidden in (
        f"rm done/{name}",
        "put letter.txt out/",
        "put letter.txt /letter.txt",
        "mkdir /new",
        "ls .taken",
        "get /etc/passwd",
        "rename in out/in",
    ):
        assert host.sftp(forbidden, tmp_path).returncode != 0, forbidden
    ssh = ["ssh", "-p", str(host.port), "-i", str(host.folder / "acme"), "-o", "StrictHostKeyChecking=no"]
    ssh += ["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", f"{host.sender}@127.0.0.1", "echo", "hello"]
    assert "hello" not in subprocess.run(ssh, capture_output=True, text=True, check=False, timeout=10, input="").stdout
