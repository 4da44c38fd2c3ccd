"""GET /healthz, /readyz and /metrics: for whoever watches the server."""

from dues.db.installation import find_installation
from dues.db.migrate import is_current
from dues.http.context import Context, Endpoint
from dues.http.exchange import Exchange
from dues.http.metrics import Metrics
from dues.http.problems import ProblemError, Reply


async def healthz(_exchange: Exchange) -> Reply:
    """200: the process is alive and its event loop turns. It asks nobody else."""
    return Reply(200, b'{"status":"alive"}')


def readyz(context: Context) -> Endpoint:
    """200: the database answers, its schema is this program's, and the server is not about to stop; otherwise 503.

    It says too if deliveries are held: that is no reason to send it no requests.
    """

    async def endpoint(_exchange: Exchange) -> Reply:
        if context.stopping.is_set():
            raise ProblemError("unavailable", "This server is about to stop.", headers={"Retry-After": "5"})
        if not await is_current(context.database):
            raise ProblemError(
                "unavailable", "The database's schema is not this program's.", headers={"Retry-After": "5"}
            )
        held = (await find_installation(context.database)).deliveries_held_at
        return Reply(200, b'{"status":"ready","deliveries":"held"}' if held else b'{"status":"ready"}')

    return endpoint


def metrics(counts: Metrics) -> Endpoint:
    """The counts, as Prometheus reads them."""

    async def endpoint(_exchange: Exchange) -> Reply:
        body = counts.render()
        return Reply(200, body, b"text/plain; version=0.0.4; charset=utf-8")

    return endpoint
