"""The findings as tables: on a terminal, and as markdown."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap

from rich.console import Console
from rich.table import Table

from bench.arena import Size
from bench.findings import Costs, Finding, Report
from bench.rounds import median_of

FINDINGS = ("measure", "dues", "beside it", "ratio", "rounds", "target", "reached")
COSTS = ("what", "way", "per s", "p50 ms", "p99 ms", "program µs", "PostgreSQL µs", "both µs", "× first", "client µs")

WIDTH = 118

WORDS = ("measure", "target", "reached", "what", "way")

EXPLANATION = """\
All in one run, in turn, on the machine named above: ratios count, absolutes do not. *Rounds* is the range of the
ratio over the rounds. The second table has CPU time per request: of the server program, of PostgreSQL (all its
processes), of both, how many times that of the first way, and of the client that made the load; for pgbench, program
and client are one. On a noisy machine the ratio of CPU says more than that of requests per second.

What is without a target is there to be known: bills are measured against another request of dues, as the conventional
server has none of its own. For `dues verify`, a request is an entry of the ledger.

*One account* is what all connections want at once, against as many requests spread over many accounts. *Beside another*
is a tenant with ten connections whose neighbour on the same server asks for more than there is: creates on 500
connections, or the longest pages of filtered lists, twenty at a time. A payment over ten bills pays all
that its account owes. Memory is judged after a million creates (`--full`): before, caches still fill.
"""


GROWTH = "Growth"


def print_report(console: Console, report: Report) -> None:
    """Prints all tables."""
    for title, head, rows in (*_tables(report), *((GROWTH, sheet.head, sheet.rows) for sheet in report.sheets)):
        if not rows:
            continue
        table = Table(title=title, title_justify="left")
        for name in head:
            table.add_column(name, justify="left" if name in WORDS else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)


def markdown(report: Report, size: Size, settings: dict[str, str]) -> str:
    """The page docs/reference/measures.md."""
    how = f"{machine(settings)}; {size.rounds} rounds of {size.seconds:g} s each"
    origin = f"Written by `python -m bench --write` on {datetime.now(UTC):%Y-%m-%d}: {how}."
    parts = ["# Measures", origin, EXPLANATION.rstrip()]
    for title, head, rows in _tables(report):
        parts += [f"## {title}", _grid(head, rows)]
    return "\n\n".join(parts) + "\n"


def growth_markdown(report: Report, size: Size, settings: dict[str, str], *, findings: bool) -> str:
    """The section of that page on how large it becomes; with what else was found in the same run, if so."""
    origin = (
        f"Written by `python -m bench --only growth lists size --size {size.accounts} --write` on "
        f"{datetime.now(UTC):%Y-%m-%d}: {machine(settings)}; {size.rounds} rounds of {size.seconds:g} s each."
    )
    parts = [f"## {GROWTH}", "\n".join(wrap(origin, WIDTH))]
    for sheet in report.sheets:
        parts += ["\n".join(wrap(sheet.says, WIDTH)), _grid(sheet.head, sheet.rows)]
    for _, head, rows in _tables(report) if findings and report.findings else ():
        parts.append(_grid(head, rows))
    return "\n\n".join(parts) + "\n"


def machine(settings: dict[str, str]) -> str:
    """One line on what it ran on."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"PostgreSQL {settings['server_version']} (fsync {settings['fsync']}, synchronous_commit "
        f"{settings['synchronous_commit']}, {settings['wal_sync_method']})"
    )


def _tables(report: Report) -> Iterator[tuple[str, Sequence[str], list[Sequence[str]]]]:
    yield "Findings", FINDINGS, [_finding_row(finding) for finding in report.findings]
    yield "Speed and CPU", COSTS, [row for costs in report.costs for row in _cost_rows(costs)]


def _finding_row(finding: Finding) -> Sequence[str]:
    return (
        finding.title,
        finding.ours,
        finding.other,
        f"{finding.ratio:.2f}",
        f"{finding.lowest:.2f}–{finding.highest:.2f}",
        _target(finding),
        _reached(finding),
    )


def _target(finding: Finding) -> str:
    if finding.target is None:
        return "–"
    sign = "≤" if finding.at_most else "≥"
    return f"{sign} {finding.target:g}" + (f", aim {finding.aim:g}" if finding.aim else "")


def _reached(finding: Finding) -> str:
    if finding.target is None:
        return "–"
    if not finding.reaches(finding.target):
        return "no"
    return "yes, the aim too" if finding.aim and finding.reaches(finding.aim) else "yes"


def _cost_rows(costs: Costs) -> Iterator[Sequence[str]]:
    first = median_of(next(iter(costs.samples.values())), lambda sample: sample.cpu_us)
    for name, samples in costs.samples.items():
        both = median_of(samples, lambda sample: sample.cpu_us)
        yield (
            costs.title,
            name,
            _number(median_of(samples, lambda sample: sample.per_second)),
            _number(median_of(samples, lambda sample: sample.p50_ms), 2),
            _number(median_of(samples, lambda sample: sample.p99_ms), 2),
            _number(median_of(samples, lambda sample: sample.program_us)),
            _number(median_of(samples, lambda sample: sample.postgres_us)),
            _number(both),
            _number(both / first if both and first else None, 2),
            _number(median_of(samples, lambda sample: sample.client_us)),
        )


def _number(value: float | None, decimals: int = 0) -> str:
    return "–" if value is None else f"{value:,.{decimals}f}"


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join((_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
