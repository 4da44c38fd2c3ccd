"""What was found: ratios with their targets, and what each way of doing a thing cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.rounds import Sample

OURS, CONVENTIONAL, PGBENCH = "dues", "conventional", "pgbench"
"""The ways of doing the same."""


@dataclass(frozen=True)
class Finding:
    """One measure: what was compared, the ratio with its lowest and highest round, and what it had to be.

    Without a target, it is there to be known.
    """

    title: str
    ours: str
    other: str
    ratio: float
    lowest: float
    highest: float
    target: float | None = None
    aim: float | None = None
    at_most: bool = False

    def reaches(self, wanted: float) -> bool:
        """Whether the ratio is as good as `wanted`."""
        return self.ratio <= wanted if self.at_most else self.ratio >= wanted


@dataclass(frozen=True)
class Costs:
    """What each way of doing one thing did and cost, round by round."""

    title: str
    samples: dict[str, list[Sample]]


@dataclass(frozen=True)
class Sheet:
    """A table of figures that are no ratios, and a paragraph on them."""

    head: Sequence[str]
    rows: list[Sequence[str]]
    says: str


@dataclass
class Report:
    """All that was found; `sheets` are about how large it becomes."""

    findings: list[Finding] = field(default_factory=list)
    costs: list[Costs] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)

    def add(self, findings: Iterable[Finding], costs: Iterable[Costs] = ()) -> None:
        """Adds what a measure has found."""
        self.findings += findings
        self.costs += costs


def faster(
    title: str,
    samples: dict[str, list[Sample]],
    other: str,
    *,
    target: float | None = None,
    aim: float | None = None,
    ours: str = OURS,
) -> Finding:
    """How many times as many per second as the `other` way, by the samples of both."""
    return finding(
        title,
        ([sample.per_second for sample in samples[ours]], "{:,.0f}/s"),
        ([sample.per_second for sample in samples[other]], f"{{:,.0f}}/s ({other})"),
        target=target,
        aim=aim,
    )


def costlier(title: str, samples: dict[str, list[Sample]], ours: str, other: str) -> Finding:
    """How many times the CPU of the `other` way, of program and PostgreSQL together."""
    return finding(
        title,
        ([sample.cpu_us or 0.0 for sample in samples[ours]], "{:,.0f} µs"),
        ([sample.cpu_us or 0.0 for sample in samples[other]], f"{{:,.0f}} µs ({other})"),
        at_most=True,
    )


def finding(
    title: str,
    ours: tuple[Sequence[float], str],
    other: tuple[Sequence[float], str],
    *,
    target: float | None = None,
    aim: float | None = None,
    at_most: bool = False,
) -> Finding:
    """The ratio of the medians; its range is that of the rounds, each against its neighbour in time."""
    rounds = [mine / beside for mine, beside in zip(ours[0], other[0], strict=True)]
    return Finding(
        title,
        ours[1].format(median(ours[0])),
        other[1].format(median(other[0])),
        median(ours[0]) / median(other[0]),
        min(rounds),
        max(rounds),
        target,
        aim,
        at_most,
    )
