"""Measures ways of doing the same in turn: first, second, third, and again, so that noise falls on all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from bench.bare import Transactions
from bench.load import Load, Outcome, send
from bench.processes import Postgres
from bench.servers import Running


@dataclass(frozen=True)
class Sample:
    """One round of one way. CPU is microseconds per request, of the program, of PostgreSQL and of the client."""

    per_second: float
    postgres_us: float | None = None
    client_us: float | None = None
    program_us: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def cpu_us(self) -> float | None:
        """What a request costs on the server's side: program and PostgreSQL. None where it is not known."""
        return None if self.postgres_us is None else (self.program_us or 0.0) + self.postgres_us


class LoadFailedError(Exception):
    """A server refused requests of a load, or lost them. The message counts them by status."""


Way = Callable[[], Sample]


def in_turn(ways: Mapping[str, Way], rounds: int) -> dict[str, list[Sample]]:
    """The samples of each way, by round."""
    samples: dict[str, list[Sample]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            samples[name].append(way())
    return samples


def loaded(server: Running, postgres: Postgres, load: Load) -> Sample:
    """One round of `load` on a server. Raises LoadFailedError where any answer is not 2xx."""
    program_before, postgres_before = server.usage.cpu_seconds(), postgres.cpu_seconds()
    outcome = sent(server, load)
    program_us = (server.usage.cpu_seconds() - program_before) / outcome.answered * 1e6
    return Sample(
        per_second=outcome.per_second,
        program_us=program_us,
        postgres_us=(postgres.cpu_seconds() - postgres_before) / outcome.answered * 1e6,
        client_us=outcome.client_us,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
    )


def sent(server: Running, load: Load) -> Outcome:
    """What came of `load`. Raises LoadFailedError where any answer is not 2xx."""
    outcome = send(load)
    if outcome.failures or not outcome.answered:
        raise LoadFailedError(f"{server.name} answered {outcome.answered} with 2xx, and not these: {outcome.failures}")
    return outcome


def transacted(postgres: Postgres, run: Callable[[], Transactions]) -> Sample:
    """One round of pgbench."""
    before = postgres.cpu_seconds()
    transactions = run()
    return Sample(
        per_second=transactions.per_second,
        postgres_us=(postgres.cpu_seconds() - before) / transactions.done * 1e6,
        client_us=transactions.client_us,
    )


def median_of(samples: list[Sample], what: Callable[[Sample], float | None]) -> float | None:
    """The median round, as `what` sees it; None where it is not known."""
    values = [value for sample in samples if (value := what(sample)) is not None]
    return median(values) if values else None
