"""Daily totals: what a collector, or everybody, took and took back on one day."""

import re
from contextlib import suppress
from datetime import date

from dues.domain.violations import Violation
from dues.http.access import authenticate
from dues.http.endpoints import Endpoint, Floor
from dues.http.exchange import Exchange
from dues.http.problems import Reply
from dues.http.queries import invalid, parameters, unknown
from dues.resources.daily_totals.read import DayOf, read_daily_totals


def daily_totals(floor: Floor) -> Endpoint:
    """An endpoint that answers a collector with its own totals, and the merchant with any collector's or all."""

    async def endpoint(exchange: Exchange) -> Reply:
        key = await authenticate(exchange, floor.keys, collectors=True)
        day, collector_id = _day_and_collector(exchange.query_string, key.now().date())
        if key.kind == "collector":
            collector_id = key.id
        return Reply(200, await read_daily_totals(floor.database, DayOf(key.tenant, day, collector_id)))

    return endpoint


def _day_and_collector(query_string: bytes, today: date) -> tuple[date, str | None]:
    """`?day=` (`today` where it is not given) and `?collector=`. Raises ProblemError for anything else."""
    given = parameters(query_string)
    broken = [unknown(name, ["day", "collector"]) for name in given if name not in ("day", "collector")]
    day = today
    if (text := given.get("day")) is not None:
        day = date.min
        with suppress(ValueError):
            day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else date.min
        if not DAY_MIN <= day <= DAY_MAX:
            broken.append(Violation("/day", "invalid_date", "must be a date of this time, like 2026-01-31."))
    if broken:
        raise invalid(broken)
    return day, given.get("collector")


DAY_MIN, DAY_MAX = date(1970, 1, 2), date(9999, 12, 30)
