"""A file of many rows: made, the same again, and had whole, while creates arrive at a pace.

What a file costs whoever is beside it is the p99 of these creates, against the same creates alone.
"""

import csv
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psutil

from bench.arena import Arena, Size
from bench.ground import CUSTOMERS
from bench.paced import Answered, Pace, paced
from bench.verify import LOOK_EVERY_SECONDS, BooksError

PACE_PER_SECOND = 200
"""Creates that arrive meanwhile."""

TURN_SECONDS = 10.0

HEAD = ("external_reference", "first_name", "last_name", "sa_identification_number", "due_date", "amount_due", "branch")

WORKS = ("receiving", "checking", "applying")


@dataclass
class Beside:
    """What happens while a file is worked on."""

    turns: list[Answered] = field(default_factory=list)
    peak_bytes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def p99_ms(self) -> float:
        """Of the middle turn."""
        return median(turn.p99_ms for turn in self.turns)


def files(arena: Arena, size: Size, tell: Callable[[str], None]) -> list[str]:
    """Imports a file, imports it again, exports what came of it; lines of markdown."""
    rows, path, back = size.rows, arena.scratch / "debtors.csv", arena.scratch / "back.csv"
    _write(path, rows)
    arena.warm_up(size, arena.ours)
    done: dict[str, Beside] = {}
    with _beside(arena) as alone:
        time.sleep(3 * size.seconds)
    for verdict in ("created", "unchanged"):
        with _beside(arena) as beside:
            _import(arena, path, rows, verdict, tell)
        done[verdict] = beside
    with _beside(arena) as beside:
        _export(arena, back, rows)
    done["exported"] = beside
    head = ("rows", "seconds", "µs a row", "memory: server", "memory: worker", "create p99", "× alone")
    lines = [f"| {rows:,} {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    lines += [_line(name, beside, rows, alone) for name, beside in done.items()]
    return [*lines, f"({PACE_PER_SECOND} creates a second arrive; alone, their p99 is {alone.p99_ms():.1f} ms.)"]


def _line(name: str, beside: Beside, rows: int, alone: Beside) -> str:
    cells = [name, f"{beside.seconds:.0f}", f"{beside.seconds / rows * 1e6:,.0f}"]
    cells += [
        f"{beside.peak_bytes[who] / 2**20:.0f} MiB" if who in beside.peak_bytes else "–" for who in ("serve", "work")
    ]
    cells += [f"{beside.p99_ms():.1f} ms", f"{beside.p99_ms() / alone.p99_ms():.2f}"]
    return f"| {' | '.join(cells)} |"


def _write(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEAD)
        for number in range(rows):
            due = date(2027, 1, 1) + timedelta(number % 90)
            person = ("Jane", f"Doe {number}", _identity(number))
            out.writerow((f"METER-{number}", *person, due, f"{number % 900 + 1}.50", f"Branch {number % 40}"))


def _identity(number: int) -> str:
    """An identity number of thirteen digits, the last of which is Luhn's check digit."""
    digits = [int(digit) for digit in f"8{number:011}"]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(digits)]
    return "".join(map(str, digits)) + str(-sum(doubled) % 10)


@contextmanager
def _beside(arena: Arena) -> Iterator[Beside]:
    """Creates arrive, and memory is watched, while the block lasts."""
    beside, over = Beside(), threading.Event()

    def send() -> None:
        while not over.is_set():
            beside.turns.append(paced(Pace(arena.ours.port, arena.creates(), PACE_PER_SECOND, TURN_SECONDS)))

    def watch() -> None:
        server = arena.ours.usage.process
        while not over.wait(LOOK_EVERY_SECONDS * 5):
            for process in [server, *server.children()]:
                with suppress(psutil.Error):
                    words = process.cmdline()
                    who = next((word for word in ("serve", "work") if word in words), None)
                    if who:
                        rss = int(process.memory_info().rss)
                        beside.peak_bytes[who] = max(beside.peak_bytes.get(who, 0), rss)

    threads = [threading.Thread(target=send), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    try:
        yield beside
    finally:
        beside.seconds = time.monotonic() - began
        over.set()
        for thread in threads:
            thread.join()


def _import(arena: Arena, path: Path, rows: int, verdict: str, tell: Callable[[str], None]) -> None:
    with path.open("rb") as file:
        headers = {"Content-Type": "text/csv", "Idempotency-Key": f"bench-{time.monotonic_ns()}"}
        asked = "/billing/imports?kind=moment_daily&again=true"
        job = msgspec.json.decode(b"".join(_called(arena, "POST", asked, headers, file)))
    while job["status"] in WORKS:
        time.sleep(0.2)
        job = msgspec.json.decode(b"".join(_called(arena, "GET", f"/billing/imports/{job['id']}", {})))
        tell(f"{job['status']}: {sum(job['rows'].values()) - job['rows']['total']:,} rows")
    if (job["status"], job["rows"][verdict]) != ("completed", rows):
        raise BooksError(f"not all rows were {verdict}: {job}")


def _export(arena: Arena, to: Path, rows: int) -> None:
    lines = 0
    with to.open("wb") as file:
        for part in _called(arena, "GET", "/billing/customers", {"Accept": "text/csv"}):
            lines += part.count(b"\n")
            file.write(part)
    if lines != 1 + rows + CUSTOMERS:
        raise BooksError(f"{lines - 1:,} rows were exported, and not {rows + CUSTOMERS:,}")


def _called(arena: Arena, method: str, path: str, headers: dict[str, str], body: Any = None) -> Iterator[bytes]:
    """The answer, a part after another. Raises BooksError where it is a problem."""
    connection = http.client.HTTPConnection("127.0.0.1", arena.ours.port, timeout=600)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {arena.key}", **headers})
        answer = connection.getresponse()
        if answer.status >= 300:
            raise BooksError(f"{method} {path}: {answer.read()[:2000].decode(errors='replace')}")
        while part := answer.read(1 << 18):
            yield part
    finally:
        connection.close()
