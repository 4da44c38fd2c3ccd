"""Metrics of what is in the database: every process finds the same, so whichever is asked answers for all of them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, TypeVar

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dues.db.installation import Installation
from dues.webhooks.backlog.due import Due

Found = TypeVar("Found")

FRESH_SECONDS: Final = 60.0
"""What was found longer ago is not told any more: the database does not answer."""


class Facts(Collector):
    """What was found last. What is not known is left out."""

    def __init__(self) -> None:
        self._backlog: tuple[float, Due] | None = None
        self._installation: tuple[float, Installation] | None = None

    def observe_backlog(self, backlog: Due) -> None:
        """Notes what waits to be delivered."""
        self._backlog = time.monotonic(), backlog

    def observe_installation(self, installation: Installation) -> None:
        """Notes what is true of the whole database."""
        self._installation = time.monotonic(), installation

    def describe(self) -> list[GaugeMetricFamily]:
        """All of them, whether or not they have values."""
        return list(self._families())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Those that have values."""
        return (family for family in self._families() if family.samples)

    def _families(self) -> Iterator[GaugeMetricFamily]:
        built = GaugeMetricFamily("dues_build_info", "1; which version this is.", labels=["version"])
        built.add_metric([version("dues")], 1)
        yield built
        yield from self._of_deliveries(_fresh(self._backlog))
        yield from self._of_installation(_fresh(self._installation))

    def _of_deliveries(self, backlog: Due | None) -> Iterator[GaugeMetricFamily]:
        lag = GaugeMetricFamily(
            "dues_webhook_lag_seconds",
            "For how long the delivery that has waited longest has been due at an endpoint that works; 0: none is due.",
        )
        due = GaugeMetricFamily(
            "dues_webhook_due",
            "Deliveries that are due at endpoints that work; of each endpoint, 100 that are new are counted at most, "
            "and 100 that are tried again.",
        )
        endpoints = GaugeMetricFamily(
            "dues_webhook_endpoints",
            "Enabled webhook endpoints: working, or failing, which are only probed. 1,000 of a cell are looked at, and "
            "none of tenants whose test clock was moved.",
            labels=["state"],
        )
        if backlog:
            lag.add_metric([], backlog.lag_seconds)
            due.add_metric([], backlog.due)
            endpoints.add_metric(["working"], backlog.working)
            endpoints.add_metric(["failing"], backlog.failing)
        yield from (lag, due, endpoints)

    def _of_installation(self, installation: Installation | None) -> Iterator[GaugeMetricFamily]:
        held = GaugeMetricFamily(
            "dues_webhook_deliveries_held",
            "1: nothing is delivered, since this database was restored from a backup; 0: all is.",
        )
        age = GaugeMetricFamily(
            "dues_backup_age_seconds", "The age of the last backup that dues finished. Absent: there is none."
        )
        if installation:
            held.add_metric([], int(installation.deliveries_held_at is not None))
            if installation.backed_up_at:
                age.add_metric([], max(0.0, (datetime.now(UTC) - installation.backed_up_at).total_seconds()))
        yield from (held, age)


def _fresh(found: tuple[float, Found] | None) -> Found | None:
    return found[1] if found and time.monotonic() - found[0] < FRESH_SECONDS else None
