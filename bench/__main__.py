"""`python -m bench`: runs the measures, prints them, and with `--write` puts them into the documentation."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.status import Status

from bench import measures, servers, table
from bench.against import compare
from bench.arena import Arena, Size, prepared
from bench.backups import back_up_and_restore
from bench.bare import PgbenchError
from bench.check import UnequalError, same_answers, same_rows
from bench.deliveries import deliveries
from bench.files import files
from bench.fill import fill
from bench.findings import Report
from bench.ground import NotDurableError
from bench.growth import bytes_of_accounts, purging_beside_creates, wal_of_creates
from bench.lists import PageError, lists
from bench.neighbours import moved_in, neighbours
from bench.one_account import AMOUNT, one_account
from bench.options import AT_SIZE, BESIDE, MEASURES, read_options, size_of
from bench.page import PAGE, write_page
from bench.payments import payments_over_bills
from bench.questions import Keys
from bench.rounds import LoadFailedError
from bench.servers import Running, ServerError
from bench.verify import BooksError, verify

FAILURES = (BooksError, LoadFailedError, NotDurableError, PageError, PgbenchError, ServerError, UnequalError)


def main() -> None:
    """Exits with 1 where something failed to run; a target that was missed is a finding, not a failure."""
    options = read_options()
    console = Console(width=None if sys.stdout.isatty() else 200)
    try:
        with tempfile.TemporaryDirectory(prefix="dues-bench-", dir=options.scratch) as scratch:
            if options.against:
                compare(console, options, Path(scratch))
            else:
                _measure(console, options, Path(scratch))
    except FAILURES as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)


def _measure(console: Console, options: argparse.Namespace, scratch: Path) -> None:
    size, report = size_of(options), Report()
    chosen: Sequence[str] = options.only or MEASURES
    with servers.dues(scratch / "main") as ours:
        arena = prepared(scratch / "main", ours, scratch)
        console.print(table.machine(arena.ground.settings), highlight=False)
        if set(chosen) & set(BESIDE):
            _measure_beside(console, chosen, arena, size, report)
        if "bills" in chosen:
            console.print("Bills, each with its account and customer …")
            report.add(*measures.bills(arena, size))
        if "neighbours" in chosen:
            console.print("A tenant beside another …")
            report.add(neighbours(moved_in(scratch / "main", arena, size), size))
    if set(chosen) & set(AT_SIZE):
        _measure_at_size(console, chosen, scratch, size, report)
    if "deliveries" in chosen:
        console.print("Webhooks: from a backlog, and while creates arrive …")
        report.add(*deliveries(scratch, size))
    if "memory" in chosen:
        console.print(f"Memory over {size.memory_then:,} creates …")
        with servers.dues(scratch / "memory") as ours:
            report.add([measures.memory(prepared(scratch / "memory", ours, scratch), size)])
    if "verify" in chosen:
        _measure_verify(console, scratch, size, report)

    if "backup" in chosen:
        _measure_backup(console, scratch, size)
    if "files" in chosen:
        _measure_files(console, scratch, size)

    table.print_report(console, report)
    if options.write:
        write_page(report, size, arena.ground.settings, whole=set(chosen) == set(MEASURES))
        console.print(f"Written to {PAGE}.")


def _measure_beside(console: Console, chosen: Sequence[str], arena: Arena, size: Size, report: Report) -> None:
    with servers.conventional(arena.ground.url, arena.scratch / "conventional.log") as theirs:
        _prove_equal(console, arena, theirs)
        arena.warm_up(size, arena.ours, theirs)
        if "creates" in chosen:
            console.print(f"Creates on {size.connections} connections …")
            findings, costs = measures.creates(arena, theirs, size)
            report.add(findings, [costs])
        if "single" in chosen:
            console.print("Creates one at a time …")
            report.add([measures.single_client(arena, size)])
        if "reads" in chosen:
            console.print("Replays and reads …")
            report.add(*measures.reads(arena, theirs, size))
        if "payments" in chosen:
            console.print("Payments: spread, of one account, over bills …")
            report.add(*one_account(arena, theirs, size, "payments", partial(arena.payments, amount=AMOUNT)))
            report.add(*payments_over_bills(arena, theirs, size))
        if "adjustments" in chosen:
            console.print("Adjustments: spread, of one account …")
            report.add(*one_account(arena, theirs, size, "adjustments", arena.adjustments))


def _prove_equal(console: Console, arena: Arena, theirs: Running) -> None:
    keys = Keys(arena.key, servers.new_key(arena.scratch / "main", "public"))
    asked = asyncio.run(same_answers(arena.ours, theirs, keys, arena.ground))
    asyncio.run(same_rows(arena.ours, arena.creates(), arena.ground, arena.scratch / "create.sql"))
    console.print(f"Both servers answer {asked} questions alike, and write the same rows; so does pgbench.")


def _measure_at_size(console: Console, chosen: Sequence[str], scratch: Path, size: Size, report: Report) -> None:
    with servers.dues(scratch / "full") as ours:
        full = prepared(scratch / "full", ours, scratch)
        with console.status("Filling the tables …") as status:
            tell = _telling(status, size.accounts, "accounts")
            if "growth" in chosen:
                report.sheets.append(bytes_of_accounts(full, size, tell))
            else:
                asyncio.run(fill(full.ground, size.accounts, tell))
        if "lists" in chosen:
            console.print(f"Lists among {size.accounts:,} accounts …")
            report.add(*lists(full, size))
        if "size" in chosen:
            console.print(f"Creates among {size.accounts:,} accounts …")
            with servers.dues(scratch / "empty") as others:
                finding, costs = measures.with_size(full, prepared(scratch / "empty", others, scratch), size)
                report.add([finding], [costs])
        if "growth" in chosen:
            console.print("WAL of creates, and purging beside them …")
            report.sheets += [wal_of_creates(full, size), purging_beside_creates(full, size)]


def _measure_verify(console: Console, scratch: Path, size: Size, report: Report) -> None:
    console.print(f"dues verify of {size.entries:,} entries …")
    with servers.dues(scratch / "books"), console.status("Writing the books …") as status:
        report.add(*verify(scratch / "books", size, _telling(status, size.entries, "entries")))


def _measure_backup(console: Console, scratch: Path, size: Size) -> None:
    console.print(f"dues backup and dues restore of {size.accounts:,} accounts …")
    with servers.dues(scratch / "backed-up"), console.status("Writing the books …") as status:
        took = back_up_and_restore(scratch / "backed-up", scratch, size, _telling(status, size.accounts, "accounts"))
    for line in took:
        console.print(line, highlight=False, soft_wrap=True)


def _measure_files(console: Console, scratch: Path, size: Size) -> None:
    console.print(f"Files of {size.rows:,} rows …")
    with servers.dues(scratch / "files") as ours, console.status("Warming up …") as status:
        took = files(prepared(scratch / "files", ours, scratch), size, status.update)
    for line in took:
        console.print(line, highlight=False, soft_wrap=True)


def _telling(status: Status, of: int, what: str) -> Callable[[int], None]:
    return lambda done: status.update(f"{done:,} of {of:,} {what} are there …")


if __name__ == "__main__":
    main()
