"""Daily totals: what a collector, or everybody, took and took back on one day."""

from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor
from dues.http.exchange import Exchange
from dues.http.problems import Reply
from dues.http.queries import day_and_collector
from dues.resources.daily_totals.read import DayOf, read_daily_totals


def daily_totals(floor: Floor) -> Endpoint:
    """An endpoint that answers a collector with its own totals, and the merchant with any collector's or all."""

    async def endpoint(exchange: Exchange) -> Reply:
        key = await authenticate(exchange, floor.keys, collectors=True)
        day, collector_id = day_and_collector(exchange.query_string, key.now().date())
        if key.kind == "collector":
            collector_id = key.id
        return Reply(200, await read_daily_totals(floor.database, DayOf(key.tenant_id, day, collector_id)))

    return endpoint
