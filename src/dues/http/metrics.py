"""What Prometheus is told: requests, groups, deliveries, pools, and what is found in the database."""

import os
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from dues.db.pool import PoolUsage
from dues.http.facts import Facts
from dues.http.pools import Pools

_LATENCY_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SIZE_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Described(NamedTuple):
    """What a metric is. A counter's name ends with `_total`."""

    name: str
    type: str
    labels: Sequence[str]
    says: str


class _Registry(CollectorRegistry):
    """Knows its metrics, with their labels."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics: list[MetricWrapperBase] = []

    def register(self, collector: Collector) -> None:
        """Takes one more."""
        super().register(collector)
        if isinstance(collector, MetricWrapperBase):
            self.metrics.append(collector)


class Metrics:
    """One process's counts. With several workers on one server, /metrics shows them all together."""

    def __init__(self) -> None:
        self._registry = _Registry()
        self._requests = Counter(
            "dues_requests",
            "Requests that were answered; status 499: the client went away.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "dues_request_duration_seconds",
            "From a request's last header to its answer.",
            ("route",),
            buckets=_LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._group_sizes = Histogram(
            "dues_group_size",
            "Requests that shared a transaction; the command is what the first of them asked for.",
            ("command",),
            buckets=_SIZE_BUCKETS,
            registry=self._registry,
        )
        self._conflicts = Counter(
            "dues_group_conflicts",
            "Groups that were read and decided again, because another process was first.",
            ("command",),
            registry=self._registry,
        )
        self._pools = Pools(self._registry)
        self.facts = Facts()
        self._registry.register(self.facts)
        self._attempts = Counter(
            "dues_webhook_attempts",
            "Attempts of this server to deliver an event, which succeeded or failed.",
            ("outcome",),
            registry=self._registry,
        )
        self._attempt_seconds = Histogram(
            "dues_webhook_duration_seconds",
            "How long attempts to deliver took.",
            buckets=_LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._feed_lag = Gauge(
            "dues_feed_lag_seconds",
            "For how long the feed has waited for a transaction that writes events; 0: it waits for none.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._count_upkeep()
        self._count_refused_and_batched()
        # Looking a child up by its labels costs more than counting with it.
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._commands: dict[str, Any] = {}

    def _count_upkeep(self) -> None:
        self._archive_lag = Gauge(
            "dues_archive_lag_seconds",
            "For how long nothing could be archived of what should be; 0: it is, or there is no archive.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._purged = Counter(
            "dues_purged_rows", "Rows that retention has deleted.", ("table",), registry=self._registry
        )
        self._purge_lag = Gauge(
            "dues_purge_lag_seconds",
            "By how much what retention deleted last was overdue; 0: nothing that is overdue is left.",
            ("table",),
            registry=self._registry,
            multiprocess_mode="livemax",
        )

    def _count_refused_and_batched(self) -> None:
        self._guesses = Counter(
            "dues_unauthorized",
            "Requests without a key that is known: refused with 401, or limited with 429 since there are too many.",
            ("outcome",),
            registry=self._registry,
        )
        self._lines = Counter(
            "dues_batch_lines",
            "Lines of batches that were answered. Each batch is one of the requests.",
            ("method", "route", "status"),
            registry=self._registry,
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        known = self._children.get((method, route, status))
        if known is None:
            known = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._children[method, route, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def observe_line(self, method: str, route: str, status: int) -> None:
        """Counts one line of a batch."""
        self._lines.labels(method, route, str(status)).inc()

    def observe_group(self, command: str, size: int) -> None:
        """Counts one group."""
        known = self._commands.get(command) or self._commands.setdefault(command, self._group_sizes.labels(command))
        known.observe(size)

    def observe_conflict(self, command: str) -> None:
        """Counts one group that is decided again."""
        self._conflicts.labels(command).inc()

    def observe_pool(self, pool: str, usage: PoolUsage) -> None:
        """Notes how a pool of connections stands."""
        self._pools.observe(pool, usage)

    def observe_delivery(self, succeeded: bool, seconds: float) -> None:
        """Counts one attempt to deliver an event."""
        self._attempts.labels("succeeded" if succeeded else "failed").inc()
        self._attempt_seconds.observe(seconds)

    def observe_feed_lag(self, seconds: float) -> None:
        """Notes by how much the feed is behind."""
        self._feed_lag.set(seconds)

    def observe_archive_lag(self, seconds: float) -> None:
        """Notes for how long nothing could be archived."""
        self._archive_lag.set(seconds)

    def observe_purge(self, table: str, rows: int, lag_seconds: float) -> None:
        """Counts the rows of one batch of retention, and notes how far it is behind."""
        self._purged.labels(table).inc(rows)
        self._purge_lag.labels(table).set(lag_seconds)

    def observe_guess(self, outcome: str) -> None:
        """Counts one request without a key that is known."""
        self._guesses.labels(outcome).inc()

    def described(self) -> list[Described]:
        """All there are, whether or not they have values."""
        families: list[tuple[Metric, Any]] = [(family, family) for family in self.facts.describe()]
        families += [(family, metric) for metric in self._registry.metrics for family in metric.describe()]
        return sorted(
            Described(
                f"{family.name}_total" if family.type == "counter" else family.name,
                family.type,
                of._labelnames,  # noqa: SLF001 -- there is no other way to ask
                family.documentation,
            )
            for family, of in families
        )

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        everyone.register(self.facts)
        return generate_latest(everyone)
