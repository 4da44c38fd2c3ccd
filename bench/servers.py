"""Starts and stops the servers under test, each a process of its own on 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Server

START_TIMEOUT_SECONDS = 90
STOP_TIMEOUT_SECONDS = 90
"""Stopping writes a checkpoint, which after millions of rows takes its time."""


Program = Sequence[str]
"""What runs a dues: the beginning of its command line."""

THIS: Program = (sys.executable, "-m", "dues")


class ServerError(Exception):
    """A server did not start, or a command failed. The message carries the end of its log."""


@dataclass(frozen=True)
class Running:
    """A server that answers on 127.0.0.1:`port`."""

    name: str
    port: int
    usage: Server


@contextmanager
def dues(data: Path, program: Program = THIS, **settings: str) -> Iterator[Running]:
    """dues as it comes but for `settings`, with its embedded PostgreSQL in `data`."""
    port = _free_port()
    command = [*program, "serve", "--data", str(data), "--port", str(port)]
    try:
        with _running("dues", command, port, data.with_name(f"{data.name}-dues.log"), settings) as server:
            yield server
    finally:
        # A server that had to be killed leaves its PostgreSQL running; the next who asks is the last, and stops it.
        if (data / "postgres" / "postmaster.pid").exists():
            database_url(data, program)


@contextmanager
def deliverer(data: Path, server: Running) -> Iterator[Running]:
    """`dues deliver` beside a server."""
    with data.with_name(f"{data.name}-deliver.log").open("ab") as output:
        settings = environment() | {"DUES_WEBHOOK_ALLOW_PRIVATE": "true"}
        command = dues_command("deliver", "--data", str(data))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, env=settings)
    try:
        assert process.stdout
        process.stdout.readline()  # it says that it delivers
        yield Running("dues deliver", server.port, Server(process.pid))
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(STOP_TIMEOUT_SECONDS)


@contextmanager
def conventional(database_url: str, log: Path) -> Iterator[Running]:
    """The conventional version, on the database of a running dues."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.conventional", "--port", str(port), "--database-url", database_url]
    with _running("conventional", command, port, log) as server:
        yield server


def database_url(data: Path, program: Program = THIS) -> str:
    """Where the embedded PostgreSQL in `data` answers."""
    return _dues(program, "database-url", "--data", str(data)).strip()


def new_key(data: Path, kind: str, mode: str = "test", program: Program = THIS) -> str:
    """A new key of `kind` (secret, public) in `mode` (test, live) for the dues that serves `data`."""
    return _dues(program, "keys", "create", "--data", str(data), "--mode", mode, "--kind", kind).split()[-1]


def dues_command(*arguments: str) -> list[str]:
    """The command line of this `dues` with `arguments`."""
    return [*THIS, *arguments]


def of_checkout(checkout: Path) -> Program:
    """The `dues` of another checkout, in its own .venv. Raises ServerError where there is none."""
    for folder, name in (("bin", "dues"), ("Scripts", "dues.exe")):
        program = checkout.resolve() / ".venv" / folder / name
        if program.exists():
            return (str(program),)
    raise ServerError(f"{checkout} has no dues in its .venv. Run there: make setup")


def _dues(program: Program, *arguments: str) -> str:
    command = [*program, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


def environment() -> dict[str, str]:
    """The environment without anybody's own settings of dues: it is measured as it comes, and ends at once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DUES_")}
    return kept | {"DUES_DRAIN_SECONDS": "0"}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(
    name: str, command: Sequence[str], port: int, log: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Running]:
    given = environment() | {f"DUES_{name.upper()}": value for name, value in (settings or {}).items()}
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=given)
    try:
        _wait_until_ready(name, process, port, log)
        yield Running(name, port, Server(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(name: str, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ServerError(f"{name} does not start:\n{log.read_text(errors='replace')[-2000:]}")
