"""`dues …` in processes of their own, each begun as a copy of one that has imported all of dues.

To import it takes longer than what most tests then want of it. That it also begins as `python -m dues` is proved in
`tests/journeys/test_stopping.py`, `tests/house/test_receivers.py` and `tests/cli/test_listen.py`.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent

_REQUEST_MAX = 1 << 20


class Started:
    """A process that was begun so: what a `subprocess.Popen` is."""

    def __init__(self, arguments: Sequence[str], pipe: int) -> None:
        self.args = ["dues", *arguments]
        self.returncode: int | None = None
        self._pipe = pipe
        self._told = b""
        while b"\n" not in self._told:
            self._told += self._more()
        first, _, self._told = self._told.partition(b"\n")
        self.pid = int(first)

    def __del__(self) -> None:
        os.close(self._pipe)

    def poll(self) -> int | None:
        """Its exit status, if it has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, when it has ended. Raises subprocess.TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while (status := self._ended(None if until is None else max(0, until - time.monotonic()))) is None:
            if until is not None and time.monotonic() >= until:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Sends it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._pipe], [], [], timeout)[0]:
            self._told += self._more()
            if self._told.endswith(b"\n"):
                self.returncode = os.waitstatus_to_exitcode(int(self._told))
        return self.returncode

    def _more(self) -> bytes:
        found = os.read(self._pipe, 100)
        assert found, "who starts processes has gone"
        return found


class Starter:
    """Starts processes. It begins its own with the first, and is asked by one thread at a time."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._original: subprocess.Popen[bytes] | None = None

    def start(self, arguments: Sequence[str], env: Mapping[str, str], stdout: IO[str], stderr: IO[str]) -> Started:
        """Begins `dues <arguments>`."""
        if not self._control:
            self._control, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with there:
                command = [sys.executable, "-m", "tests.starting", str(there.fileno())]
                # Neither a terminal nor a file to it: what it writes is buffered as it would be in a file.
                self._original = subprocess.Popen(
                    command, cwd=ROOT, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
                )
        ends, told = os.pipe()
        request = json.dumps({"arguments": list(arguments), "environment": dict(env), "folder": os.getcwd()})
        try:
            socket.send_fds(self._control, [request.encode()], [stdout.fileno(), stderr.fileno(), told])
        finally:
            os.close(told)
        return Started(arguments, ends)

    def close(self) -> None:
        """Ends what is copied; not the copies."""
        if self._control and self._original:
            self._control.close()
            self._original.wait(timeout=10)
            self._control = self._original = None


STARTER = Starter()
"""One for all tests of a process. `tests/conftest.py` closes it."""


def _copies(control: socket.socket) -> list[str] | None:
    """Makes a copy for each request. Returns in each copy, with its command line; and in the original when no more
    will come."""
    pipes: dict[int, int] = {}

    def buried(*_: object) -> None:
        while pipes:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            pipe = pipes.pop(pid)
            os.write(pipe, b"%d\n" % status)
            os.close(pipe)

    signal.signal(signal.SIGCHLD, buried)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever runs the tests
    while True:
        request, files, *_ = socket.recv_fds(control, _REQUEST_MAX, 3)
        if not request:
            return None
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # until it is known whose the end is
        pid = os.fork()
        if not pid:
            break
        pipes[pid] = files.pop()
        os.write(pipes[pid], b"%d\n" % pid)
        for file in files:
            os.close(file)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    control.close()
    for number, file in enumerate(files[:2], start=1):
        os.dup2(file, number)
    for file in (*files, *pipes.values()):
        os.close(file)
    asked = json.loads(request)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    return ["dues", *asked["arguments"]]


def _import_all() -> None:
    """What whoever needs it imports late, also of other people's packages: else every copy would do so again."""
    from dues import server
    from dues.cli.main import app
    from dues.webhooks import process

    assert server
    assert process
    # What a command line is read with; its standard output is nobody's.
    app(["keys", "list", "--help"], standalone_mode=False)
    sys.stdout.flush()


if __name__ == "__main__":
    from dues.cli.main import main

    _import_all()
    line = _copies(socket.socket(fileno=int(sys.argv[1])))
    if line:
        sys.argv = line
        main()
