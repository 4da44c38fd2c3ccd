"""What `python -m bench` can be told, and how much is measured then."""

import argparse
from pathlib import Path

from bench.arena import Size
from bench.page import PAGE

BESIDE = ("creates", "single", "reads", "payments", "adjustments")
AT_SIZE = ("growth", "lists", "size")
MEASURES = (*BESIDE, "bills", *AT_SIZE, "neighbours", "deliveries", "memory", "verify", "backup", "files")

WORKLOADS = (
    *("create", "get", "replay", "list", "patch", "payments", "payments-of-one", "adjustments-of-one", "one-client"),
    *("alone", "beside-flood", "beside-lists"),
)
"""What two checkouts are compared in."""

DISK = Path("/var/tmp")
"""Where the databases go: on a disk, while /tmp is memory on many systems, where a flush costs nothing."""


def read_options() -> argparse.Namespace:
    """The command line. Ends the program where it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures dues beside a conventional server and pgbench, or against another checkout of itself.",
        epilog=f"Measures: {', '.join(MEASURES)}. Workloads of --against: {', '.join(WORKLOADS)}.",
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quick", action="store_true", help="small numbers: does everything run?")
    how_much.add_argument("--full", action="store_true", help="ten million accounts, a million creates: half an hour")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these measures or workloads (default: all)")
    parser.add_argument(
        "--against", type=Path, metavar="CHECKOUT", help="compare with the dues in the .venv of another checkout"
    )
    parser.add_argument("--rounds", type=int, help="how often each way has its turn (default: 3)")
    parser.add_argument("--seconds", type=float, help="how long a turn lasts (default: 4; against another checkout: 2)")
    parser.add_argument("--connections", type=int, default=32, help="how many clients at once (default: 32)")
    parser.add_argument("--size", type=int, help="accounts in the full table, rows of a file (default: 1000000)")
    parser.add_argument("--entries", type=int, help="entries in the ledger that is verified (default: 1000000)")
    parser.add_argument("--expired", type=int, help="rows of each table that are purged (default: 1000000)")
    parser.add_argument("--memory-creates", type=int, help="creates until memory is read again (default: 200000)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(PAGE.parents[2])}")
    parser.add_argument(
        "--scratch",
        type=Path,
        default=DISK if DISK.is_dir() else None,
        help="where the databases are made, and removed again; a disk, not memory (default: %(default)s)",
    )
    options = parser.parse_args()
    known = WORKLOADS if options.against else MEASURES
    if unknown := set(options.only or ()) - set(known):
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    if options.against and options.write:
        parser.error("--write: a comparison of two checkouts is not documentation")
    return options


def size_of(options: argparse.Namespace) -> Size:
    """How much is measured: by --quick, --full or neither, and what is said beside."""
    quick, full = options.quick, options.full
    seconds, rounds = (1.0, 2) if quick else (2.0, 3)
    if not options.against:
        seconds, rounds = (0.5, 1) if quick else (4.0, 3)
    return Size(
        seconds=options.seconds or seconds,
        rounds=options.rounds or rounds,
        connections=options.connections,
        accounts=options.size or (100_000 if quick else 10_000_000 if full else 1_000_000),
        memory_first=5_000 if quick else 10_000,
        memory_then=options.memory_creates or (20_000 if quick else 1_000_000 if full else 200_000),
        entries=options.entries or (50_000 if quick else 1_000_000),
        distinct=100 if quick else 1_000,
        spread=500 if quick else 10_000,
        events=1_000 if quick else 10_000,
        expired=options.expired or (20_000 if quick else 1_000_000),
        rows=options.size or (20_000 if quick else 1_000_000),
        listed=20_000 if quick else 200_000,
    )
