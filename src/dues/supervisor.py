"""Several server processes on one socket: started, watched, replaced when one dies, stopped together."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from prometheus_client.multiprocess import mark_process_dead

WATCH_SECONDS: Final = 0.5

_SUPERVISOR: Final = "_DUES_SUPERVISOR"
"""The variable by which a worker knows its supervisor's process id."""

_log = structlog.get_logger()


def supervise(work: Callable[[], None], workers: int, chore: Callable[[], None] | None = None) -> None:
    """Keeps `workers` processes doing `work` until SIGINT or SIGTERM; does `chore` twice a second. Returns when all
    have ended."""
    with TemporaryDirectory(prefix="dues-metrics-") as metrics:
        os.environ[_SUPERVISOR] = str(os.getpid())
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        _Supervisor(work, workers, chore).run()


def is_orphan() -> bool:
    """Whether this process is a worker whose supervisor is gone."""
    return os.environ.get(_SUPERVISOR, str(os.getppid())) != str(os.getppid())


class _Supervisor:
    def __init__(self, work: Callable[[], None], workers: int, chore: Callable[[], None] | None) -> None:
        self._work = work
        self._chore = chore
        self._stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._workers = [self._start() for _ in range(workers)]

    def run(self) -> None:
        while not self._stopping:
            wait([worker.sentinel for worker in self._workers], timeout=WATCH_SECONDS)
            if self._chore:
                self._chore()
            for position, worker in enumerate(self._workers):
                if not worker.is_alive() and not self._stopping:
                    _log.error("worker_died", pid=worker.pid, exit_code=worker.exitcode)
                    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
                    self._workers[position] = self._start()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()

    def _start(self) -> BaseProcess:
        worker = get_context("spawn").Process(target=_run, args=(self._work,))
        worker.start()
        return worker

    def _stop(self, *_: object) -> None:
        self._stopping = True


def _run(work: Callable[[], None]) -> None:
    # A process group of its own: Ctrl-C reaches the supervisor alone, and the workers hear of it once.
    os.setpgid(0, 0)
    work()
