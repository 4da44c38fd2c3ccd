"""`python -m bench.batches`: the same creates by themselves and in batches, in turn: which is how much faster."""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench import servers
from bench.arena import Arena, Size, prepared
from bench.load import Load
from bench.options import DISK
from bench.requests import Batches, Requests
from bench.rounds import Sample, Way, in_turn, loaded

SIZE = Size(4.0, 3, 32, 0, 0, 0, 0)


def per_line(sample: Sample, lines: int) -> Sample:
    """Of lines, where requests have so many each."""
    assert sample.postgres_us is not None
    assert sample.program_us is not None
    return replace(
        sample,
        per_second=sample.per_second * lines,
        program_us=sample.program_us / lines,
        postgres_us=sample.postgres_us / lines,
    )


def way(arena: Arena, connections: int, seconds: float, lines: int, mode: str = "each") -> Way:
    """New accounts from so many connections: by themselves (lines 1), or so many in each batch."""

    def sample() -> Sample:
        requests: Requests = arena.creates() if lines == 1 else Batches(arena.creates(), lines, mode)
        load = Load(arena.ours.port, requests, connections, seconds)
        return per_line(loaded(arena.ours, arena.postgres, load), lines)

    return sample


def main() -> None:
    """Prints each way, and how many times as fast as the first it is."""
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SIZE.seconds)
    parser.add_argument("--rounds", type=int, default=SIZE.rounds)
    parser.add_argument("--lines", type=int, default=500)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="dues-bench-", dir=DISK) as scratch,
        servers.dues(Path(scratch) / "main") as ours,
    ):
        arena = prepared(Path(scratch) / "main", ours, Path(scratch))
        arena.warm_up(SIZE, ours)
        ways: dict[str, Callable[[], Sample]] = {
            "by themselves, 32 connections": way(arena, 32, options.seconds, 1),
            "by themselves, 1 connection": way(arena, 1, options.seconds, 1),
            "batches, 1 connection": way(arena, 1, options.seconds, options.lines),
            "batches, 2 connections": way(arena, 2, options.seconds, options.lines),
            "batches, all, 2 connections": way(arena, 2, options.seconds, options.lines, "all"),
        }
        for one in ways.values():
            one()  # once for nothing, so that statements of that size are prepared
        samples = in_turn(ways, options.rounds)
    first = [sample.per_second for sample in next(iter(samples.values()))]
    for name, found in samples.items():
        speeds = [sample.per_second for sample in found]
        ratios = sorted(speed / beside for speed, beside in zip(speeds, first, strict=True))
        middle = found[len(found) // 2]
        print(
            f"{name:32} {sorted(speeds)[len(speeds) // 2]:8,.0f}/s  × {ratios[len(ratios) // 2]:.2f} "
            f"({ratios[0]:.2f}–{ratios[-1]:.2f})  program {middle.program_us:.0f} µs, "
            f"PostgreSQL {middle.postgres_us:.0f} µs"
        )


if __name__ == "__main__":
    main()
