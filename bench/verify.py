"""`dues verify` on ledgers of two sizes: entries per second, and the memory it takes."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from bench import books, servers
from bench.arena import Size
from bench.findings import Costs, Finding, faster, finding
from bench.processes import Postgres
from bench.rounds import Sample

LOOK_EVERY_SECONDS = 0.02


class BooksError(Exception):
    """`dues verify` failed, or found fault with books that are right by construction."""


@dataclass(frozen=True)
class Run:
    """One run of `dues verify`: a request of its sample is an entry. `peak_bytes` is the most memory it was seen with.

    The time is from the start of the process to its end.
    """

    sample: Sample
    peak_bytes: int


def verify(data: Path, size: Size, tell: Callable[[int], None]) -> tuple[list[Finding], list[Costs]]:
    """The whole ledger, against a tenth of it, in the empty database that a dues serves from `data`.

    The tenth comes first: the ledger is filled further in between, so these two are not measured in turn.
    """
    if size.entries < 10:
        raise BooksError("There must be at least 10 entries (--entries).")
    url, key = servers.database_url(data), servers.new_key(data, "secret")
    postgres = asyncio.run(Postgres.behind(url))
    runs: dict[str, list[Run]] = {}
    there = 0
    for entries in (size.entries // 10, size.entries):
        asyncio.run(books.fill(url, key, there, entries, tell))
        there = entries
        runs[f"{entries:,} entries"] = [_verified(data, postgres, entries) for _ in range(size.rounds)]
    tenth, whole = runs
    samples = {name: [run.sample for run in ran] for name, ran in runs.items()}
    findings = [
        faster(f"verify of {whole}", samples, tenth, ours=whole),
        finding(
            f"verify of {whole}: peak memory",
            ([run.peak_bytes / 2**20 for run in runs[whole]], "{:.0f} MiB"),
            ([run.peak_bytes / 2**20 for run in runs[tenth]], f"{{:.0f}} MiB ({tenth})"),
            target=1.1,
            at_most=True,
        ),
    ]
    return findings, [Costs("verify, per entry", samples)]


def _verified(data: Path, postgres: Postgres, entries: int) -> Run:
    """Runs `dues verify`. Raises BooksError where it does not find all `entries`, and all of them right."""
    command = servers.dues_command("verify", "--json", "--data", str(data))
    postgres_before, before, began = postgres.cpu_seconds(), os.times(), time.perf_counter()
    with subprocess.Popen(
        command, env=servers.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        peak_bytes = watch(process)
        seconds, after = time.perf_counter() - began, os.times()
        told, said = process.communicate()
    if process.returncode or msgspec.json.decode(told)["entries"] != entries:
        raise BooksError(f"dues verify of {entries:,} entries: {(told + said).decode(errors='replace')[-2000:]}")
    cpu_seconds = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    sample = Sample(
        per_second=entries / seconds,
        program_us=cpu_seconds / entries * 1e6,
        postgres_us=(postgres.cpu_seconds() - postgres_before) / entries * 1e6,
    )
    return Run(sample, peak_bytes)


def watch(process: "subprocess.Popen[bytes]") -> int:
    """Waits for the end of `process`; the most bytes of memory that it was seen to hold.

    (What the kernel would tell of an ended child includes what its parent held when it started it.)
    """
    seen, peak_bytes = psutil.Process(process.pid), 0
    while process.poll() is None:
        with suppress(psutil.Error):  # it may end just now
            peak_bytes = max(peak_bytes, int(seen.memory_info().rss))
        time.sleep(LOOK_EVERY_SECONDS)
    return peak_bytes
