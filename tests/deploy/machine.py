"""A machine whose first process is a real systemd, with dues on it as the guide says: systemd-nspawn boots it.

`DUES_TEST_SYSTEMD_ROOT` names a folder with a Debian, as this makes one; it is copied, and not changed:

    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,systemd,systemd-sysv,curl trixie FOLDER
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.deploy.files import ROOT

GUIDE = ROOT / "docs" / "guides" / "run-under-systemd.md"

_BOOT = """
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup || exit 9
exec systemd-nspawn -q -D "$1" --register=no --keep-unit --private-network --boot --console=pipe
"""
"""In a mount namespace of its own: the host may still have the control groups that systemd has given up."""

_UNIT = """
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /root/told
ExecStopPost=systemctl poweroff --force
TimeoutStartSec=240
[Install]
WantedBy=default.target
"""

_TOLD = """
exec > /root/said 2>&1
ip link set lo up 2> /dev/null
cd /root/source
"""


def lacks() -> str | None:
    """What this machine would need; None where it has all."""
    if os.geteuid() != 0:
        return "a machine is booted by root"
    if missing := [name for name in ("systemd-nspawn", "chroot") if not shutil.which(name, path="/usr/bin:/usr/sbin")]:
        return f"this machine has no {' and no '.join(missing)}"
    if "DUES_TEST_SYSTEMD_ROOT" not in os.environ:
        return "DUES_TEST_SYSTEMD_ROOT names no folder: tests/deploy/machine.py"
    return None


def blocks() -> list[str]:
    """The commands of the guide."""
    return re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


class Machine:
    """In `root`, which is made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        subprocess.run(["cp", "-a", os.environ["DUES_TEST_SYSTEMD_ROOT"], root], check=True)
        source = root / "root" / "source"
        for folder in ("src", "docs", "deploy"):
            shutil.copytree(ROOT / folder, source / folder, symlinks=True)
        for file in ("pyproject.toml", "README.md", "LICENSE", "requirements.lock"):
            shutil.copy(ROOT / file, source)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        if certificates := os.environ.get("PIP_CERT"):
            shutil.copy(certificates, root / "etc" / "ssl" / "certs" / "here.pem")
        # What is fetched is fetched before: on the machine there is no network but its own.
        fetched = [
            line for line in blocks()[0].splitlines() if line.startswith(("python3 -m venv", "/opt/dues/bin/pip"))
        ]
        assert len(fetched) == 3
        self._chroot("cd /root/source && PIP_CERT=/etc/ssl/certs/here.pem && export PIP_CERT\n" + "\n".join(fetched))
        self.installs = "\n".join(line for line in blocks()[0].splitlines() if line not in fetched)

    def _chroot(self, script: str) -> None:
        done = subprocess.run(
            ["chroot", self.root, "/bin/bash", "-ec", script], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def does(self, script: str) -> str:
        """Boots, does that, and is switched off; what was printed."""
        (self.root / "root" / "told").write_text(_TOLD + script)
        (self.root / "etc/systemd/system/told.service").write_text(_UNIT)
        self._chroot("systemctl enable told.service; systemctl set-default multi-user.target")
        boot = ["unshare", "--mount", "--propagation", "private", "bash", "-c", _BOOT, "boot", str(self.root)]
        done = subprocess.run(boot, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
        said = self.root / "root" / "said"
        assert said.exists(), done.stderr.decode()[-3000:]
        return said.read_text(errors="replace")
