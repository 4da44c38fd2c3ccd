"""Counts for Prometheus: requests, how long they took, how large the groups were, the database's pool."""

import os
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_LATENCY_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SIZE_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """One process's counts. With several workers on one server, /metrics shows them all together."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "dues_requests", "HTTP requests.", ("method", "route", "status"), registry=self._registry
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
            "Requests that shared a transaction.",
            ("command",),
            buckets=_SIZE_BUCKETS,
            registry=self._registry,
        )
        self._connections = Gauge(
            "dues_database_connections",
            "Connections of the database pool.",
            ("state",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._attempts = Counter(
            "dues_webhook_attempts", "Attempts to deliver an event.", ("outcome",), registry=self._registry
        )
        self._attempt_seconds = Histogram(
            "dues_webhook_duration_seconds",
            "How long attempts to deliver took.",
            buckets=_LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._feed_lag = Gauge(
            "dues_feed_lag_seconds",
            "For how long the feed has waited for a transaction that writes events.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._archive_lag = Gauge(
            "dues_archive_lag_seconds",
            "For how long nothing could be archived of what should be; 0: it is, or there is no archive.",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._guesses = Counter(
            "dues_unauthorized",
            "Requests without a key that is known, by what became of them: refused with 401, or limited with 429.",
            ("outcome",),
            registry=self._registry,
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
        # Looking a child up by its labels costs more than counting with it.
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._commands: dict[str, Any] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        known = self._children.get((method, route, status))
        if known is None:
            known = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._children[method, route, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def observe_group(self, command: str, size: int) -> None:
        """Counts one group."""
        known = self._commands.get(command) or self._commands.setdefault(command, self._group_sizes.labels(command))
        known.observe(size)

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

    def render(self, connections: dict[str, int]) -> bytes:
        """The text that Prometheus reads."""
        for state, count in connections.items():
            self._connections.labels(state).set(count)
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)
