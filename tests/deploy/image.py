"""The image, built by what the Dockerfile says, and containers of it: without an engine, and as one would run them.

No registry is asked: `DUES_TEST_IMAGE_ROOT` names a folder with a Debian that has Python, as this makes one, and that
stands for the image that the Dockerfile begins with:

    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie FOLDER
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psutil

from tests.deploy.files import DEPLOY, ROOT, instructions


class Image:
    """Built in `folder`, by buildah, as root. Needs two gigabytes there for as long as it is open."""

    def __init__(self, folder: Path, base: Path) -> None:
        self._options = [f"--root={folder}/store", f"--runroot={folder}/run", "--storage-driver=vfs"]
        name = next(rest for instruction, rest in instructions() if instruction == "FROM").split()[0]
        container = self._buildah("from", "scratch")
        self._buildah("add", "--quiet", container, base, "/")
        self._buildah("run", "--isolation", "chroot", container, "ln", "-sf", "/usr/bin/python3", "/usr/bin/python")
        if certificates := os.environ.get("PIP_CERT"):  # where this machine has some of its own
            self._buildah("copy", "--quiet", container, certificates, "/etc/ssl/certs/here.pem")
            self._buildah("config", "--env", "PIP_CERT=/etc/ssl/certs/here.pem", container)
        self._buildah("commit", "--quiet", container, f"docker.io/library/{name}")
        build = ["build-using-dockerfile", "--pull-never", "--isolation", "chroot", "--format", "docker"]
        self._buildah(*build, "--file", DEPLOY / "Dockerfile", "--tag", "dues", ROOT)
        self._container = self._buildah("from", "--pull-never", "localhost/dues")
        self.root = Path(self._buildah("mount", self._container))
        found = json.loads(self._buildah("inspect", self._container))
        self.config: dict[str, Any] = found["Docker"]["config"]
        self.environment = dict(each.split("=", 1) for each in self.config["Env"])

    def _buildah(self, *arguments: str | Path) -> str:
        done = subprocess.run(["buildah", *self._options, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-5000:]
        return done.stdout.strip()

    def close(self) -> None:
        """Gives the space back."""
        self._buildah("umount", self._container)
        self._buildah("rm", "--all")
        self._buildah("rmi", "--all", "--force")

    def command(self, volume: Path, *arguments: str, **settings: str) -> list[str | Path]:
        """What runs a program in it: the first of its processes, as its user, with nothing that root may do; the root
        file system can be read only, and `volume` and /tmp are written to."""
        user, _, group = self.config["User"].partition(":")
        environment = self.environment | settings
        (place,) = self.config["Volumes"]
        return [
            *("bwrap", "--die-with-parent", "--unshare-pid", "--as-pid-1", "--unshare-ipc", "--clearenv"),
            *(word for name, text in environment.items() for word in ("--setenv", name, text)),
            *("--ro-bind", self.root, "/", "--proc", "/proc", "--dev", "/dev", "--bind", volume, place),
            *("--perms", "1777", "--tmpfs", "/tmp", "--perms", "1777", "--tmpfs", "/dev/shm"),
            *("--chdir", self.config["WorkingDir"], "--", "setpriv", "--reuid", user, "--regid", group),
            *("--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--", *arguments),
        ]

    def run(self, volume: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs a program in it to its end."""
        command = self.command(volume, *arguments, **settings)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    @contextmanager
    def running(self, volume: Path, log: IO[str], **settings: str) -> Iterator["Running"]:
        """A container of it that does what it does by itself."""
        command = self.command(volume, *self.config["Entrypoint"], *self.config["Cmd"], **settings)
        with subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                yield Running(process, signal.Signals[self.config["StopSignal"]])
            finally:
                process.kill()


class Running:
    """A container that runs."""

    def __init__(self, process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
        self._process, self._stop_signal = process, stop_signal

    def stop(self) -> tuple[int, float]:
        """As an engine would; its exit status, and after how many seconds."""
        began = time.monotonic()
        (first,) = psutil.Process(self._process.pid).children()
        first.send_signal(self._stop_signal)
        return self._process.wait(40), time.monotonic() - began


def lacks() -> str | None:
    """What this machine would need to build and run it; None where it has all."""
    if os.geteuid() != 0:
        return "an image is built by root"
    if missing := [name for name in ("buildah", "bwrap", "setpriv") if not shutil.which(name)]:
        return f"this machine has no {' and no '.join(missing)}"
    return (
        None if "DUES_TEST_IMAGE_ROOT" in os.environ else "DUES_TEST_IMAGE_ROOT names no folder: tests/deploy/image.py"
    )
