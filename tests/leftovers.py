"""What a run has started and not ended: looked for when it is over."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

MARK: Final = "STARTED_BY_TESTS"
"""A variable that whatever a run starts inherits from it. Its value is the run's own."""

PATIENCE_SECONDS: Final = 5.0
"""Who was told to end may take a moment."""


def mark_all_that_follows(folder: Path) -> None:
    """From now on whatever this process starts can be found. Processes of one run call it with the same folder."""
    os.environ[MARK] = str(folder)


def left_over(folder: Path, patience_seconds: float = PATIENCE_SECONDS) -> list[str]:
    """What is still alive of what a run with this folder started, in a line each; it is killed."""
    until = time.monotonic() + patience_seconds
    while (alive := list(_alive(folder))) and time.monotonic() < until:
        time.sleep(0.05)
    told = [_told(process) for process in alive]
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    return told


def _alive(folder: Path) -> Iterator[psutil.Process]:
    mine = [os.getpid(), *(parent.pid for parent in psutil.Process().parents())]
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid not in mine and process.status() != psutil.STATUS_ZOMBIE and _belongs(process, folder):
                yield process


def _belongs(process: psutil.Process, folder: Path) -> bool:
    """Whether it has the mark, or works in the folder: a PostgreSQL writes its title over its environment."""
    with suppress(psutil.AccessDenied):
        if process.environ().get(MARK) == str(folder):
            return True
    with suppress(psutil.AccessDenied):
        return Path(process.cwd()).is_relative_to(folder)
    return False


def _told(process: psutil.Process) -> str:
    try:
        words: Sequence[str] = process.cmdline()
    except psutil.Error:
        words = ["(gone by now)"]
    return f"{process.pid}: {' '.join(words)[:200]}"
