"""Several server processes on one socket: started, watched, replaced when one dies, stopped together."""

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Semaphore
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import structlog
from prometheus_client.multiprocess import mark_process_dead

WATCH_SECONDS: Final = 0.5

_SUPERVISOR: Final = "_DUES_SUPERVISOR"
"""The variable by which a worker knows its supervisor's process id."""

_log = structlog.get_logger()

_spawn: Final = get_context("spawn")

_serving: Final[list[Semaphore]] = []
"""In a worker: by which the supervisor knows how many serve."""


class Watched(Protocol):
    """What the supervisor looks after beside its workers."""

    def serves(self) -> None:
        """Every worker serves."""

    def look(self) -> bool:
        """Once more; whether another server serves in the place of this one."""

    def close(self) -> None:
        """This server ends."""


def supervise(work: Callable[[], None], workers: int, watched: Watched) -> None:
    """Keeps `workers` processes doing `work` until SIGINT or SIGTERM, or until another server has taken over. Returns
    when all have ended."""
    with TemporaryDirectory(prefix="dues-metrics-") as metrics:
        os.environ[_SUPERVISOR] = str(os.getpid())
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        _Supervisor(work, workers, watched).run()


def report_that_it_serves() -> None:
    """A worker is ready."""
    if _serving:
        _serving[0].release()


def is_orphan() -> bool:
    """Whether this process is a worker whose supervisor is gone."""
    return os.environ.get(_SUPERVISOR, str(os.getppid())) != str(os.getppid())


class _Supervisor:
    def __init__(self, work: Callable[[], None], workers: int, watched: Watched) -> None:
        self._work = work
        self._watched = watched
        self._told: signal.Signals | None = None
        """By which signal to stop, as soon as there is one: the workers are told by the same."""
        self._serving = _spawn.Semaphore(0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._workers = [self._start() for _ in range(workers)]

    def run(self) -> None:
        to_come = len(self._workers)
        while not self._told:
            wait([worker.sentinel for worker in self._workers], timeout=WATCH_SECONDS)
            while to_come and self._serving.acquire(block=False):
                to_come -= 1
                if not to_come:
                    self._watched.serves()
            if self._watched.look():
                self._told = signal.SIGUSR1
            for position, worker in enumerate(self._workers):
                if not worker.is_alive() and not self._told:
                    _log.error("worker_died", pid=worker.pid, exit_code=worker.exitcode)
                    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
                    self._workers[position] = self._start()
        # First of all here, so that whoever of the workers closes the port last has let in everybody who was waiting.
        self._watched.close()
        self._tell(self._told)
        for worker in self._workers:
            worker.join()

    def _start(self) -> BaseProcess:
        worker = _spawn.Process(target=_run, args=(self._work, self._serving))
        worker.start()
        return worker

    def _stop(self, number: int, _: object) -> None:
        if self._told:  # once more: somebody is in a hurry
            self._tell(signal.SIGINT)
        self._told = signal.Signals(number)

    def _tell(self, what: signal.Signals) -> None:
        for worker in self._workers:
            if worker.pid and worker.is_alive():
                os.kill(worker.pid, what)


def _run(work: Callable[[], None], serving: Semaphore) -> None:
    # A process group of its own: Ctrl-C reaches the supervisor alone, and the workers hear of it once.
    os.setpgid(0, 0)
    _serving.append(serving)
    work()
