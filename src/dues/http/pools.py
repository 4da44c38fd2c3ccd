"""Metrics of this process's pools of connections, which those of other processes are added to."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from dues.background import Job
from dues.db.database import Database
from dues.db.pool import PoolUsage

EVERY_SECONDS: Final = 5.0


class Pools:
    """How each pool stood when it was looked at last."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, says: str, labels: tuple[str, ...]) -> Gauge:
            return Gauge(name, says, labels, registry=registry, multiprocess_mode="livesum")

        self._connections = gauge(
            "dues_database_connections",
            "Connections to the database that are in use, or idle: those of groups, and those of lists and all else.",
            ("pool", "state"),
        )
        self._max = gauge("dues_database_connections_max", "How many connections a pool may have.", ("pool",))
        self._waiting = gauge("dues_database_waiting", "Who waits for a connection of a pool.", ("pool",))

    def observe(self, pool: str, usage: PoolUsage) -> None:
        """Notes how one stands."""
        self._connections.labels(pool, "used").set(usage.used)
        self._connections.labels(pool, "idle").set(usage.idle)
        self._max.labels(pool).set(usage.most)
        self._waiting.labels(pool).set(usage.waiting)


def pools_job(pools: Mapping[str, Database], observe: Callable[[str, PoolUsage], None]) -> Job:
    """The job that looks at them."""
    return Job("usage of connections", EVERY_SECONDS, partial(_look, pools, observe))


async def _look(pools: Mapping[str, Database], observe: Callable[[str, PoolUsage], None]) -> None:
    for name, database in pools.items():
        observe(name, database.usage)
