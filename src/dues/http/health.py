"""GET /healthz, /readyz and /metrics: for whoever watches the server."""

from dues.db.migrate import is_current
from dues.http.endpoints import Endpoint, Floor
from dues.http.exchange import Exchange
from dues.http.metrics import Metrics
from dues.http.problems import ProblemError, Reply


async def healthz(_exchange: Exchange) -> Reply:
    """200: the process is alive and its event loop turns. It asks nobody else."""
    return Reply(200, b'{"status":"alive"}')


def readyz(floor: Floor) -> Endpoint:
    """200: the database answers and its schema is this program's; otherwise 503."""

    async def endpoint(_exchange: Exchange) -> Reply:
        if not await is_current(floor.database):
            raise ProblemError(
                "unavailable", "The database's schema is not this program's.", headers={"Retry-After": "5"}
            )
        return Reply(200, b'{"status":"ready"}')

    return endpoint


def metrics(floor: Floor, counts: Metrics) -> Endpoint:
    """The counts, as Prometheus reads them."""

    async def endpoint(_exchange: Exchange) -> Reply:
        body = counts.render(floor.database.connections)
        return Reply(200, body, b"text/plain; version=0.0.4; charset=utf-8")

    return endpoint
