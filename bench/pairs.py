"""Two checkouts side by side: what each did, and the ratio pair by pair, as a table on a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.rounds import Sample

OTHER, THIS = "other", "this"

COLUMNS: tuple[tuple[str, int, Callable[[Sample], float | None]], ...] = (
    ("per s", 0, lambda sample: sample.per_second),
    ("p50 ms", 2, lambda sample: sample.p50_ms),
    ("p99 ms", 2, lambda sample: sample.p99_ms),
    ("program µs", 0, lambda sample: sample.program_us),
    ("PostgreSQL µs", 0, lambda sample: sample.postgres_us),
    ("both µs", 0, lambda sample: sample.cpu_us),
    ("client µs", 0, lambda sample: sample.client_us),
)
"""Heading, decimals, and where it is found. CPU is microseconds per request."""

RATIO = f"{THIS} / {OTHER}"


def print_pairs(console: Console, found: Mapping[str, Mapping[str, Sequence[Sample]]]) -> None:
    """Three lines for each workload: the medians of both, and their ratio: median (lowest–highest) of the pairs."""
    table = Table(title=f"{RATIO}, pair by pair: median (range)", title_justify="left")
    table.add_column("workload")
    table.add_column("")
    for heading, _, _ in COLUMNS:
        table.add_column(heading, justify="right")
    for workload, samples in found.items():
        for row in _rows(workload, samples):
            table.add_row(*row)
        table.add_section()
    console.print(table)


def _rows(workload: str, samples: Mapping[str, Sequence[Sample]]) -> Iterator[list[str]]:
    for name, rounds in samples.items():
        yield [workload, name, *(_median(rounds, value, decimals) for _, decimals, value in COLUMNS)]
    yield [workload, RATIO, *(_ratio(samples[THIS], samples[OTHER], value) for _, _, value in COLUMNS)]


def _median(rounds: Sequence[Sample], value: Callable[[Sample], float | None], decimals: int) -> str:
    known = [found for sample in rounds if (found := value(sample)) is not None]
    return f"{median(known):,.{decimals}f}" if known else "–"


def _ratio(mine: Sequence[Sample], other: Sequence[Sample], value: Callable[[Sample], float | None]) -> str:
    """Each round against its neighbour in time, so that noise falls on both."""
    ratios = []
    for one, beside in zip(mine, other, strict=True):
        above, below = value(one), value(beside)
        if above is not None and below:
            ratios.append(above / below)
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else "–"
