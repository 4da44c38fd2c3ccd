"""GET /billing/daily_totals: what was paid and taken back on one day (UTC), by currency."""

from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from dues.commands.command import to_shown_json
from dues.db.database import Database
from dues.domain.ids import first_id
from dues.domain.tenants import Tenant
from dues.resources.daily_totals import store
from dues.resources.daily_totals.wire import DailyTotalsBody, TotalsBody


class DayOf(Struct, frozen=True):
    """One day of a tenant, of one collector (by the id of its key) or, for None, of everybody."""

    tenant: Tenant
    day: date
    collector_id: str | None


async def read_daily_totals(database: Database, of: DayOf) -> bytes:
    """The JSON of a day's totals."""
    begins = datetime.combine(of.day, time(), UTC)
    ends = begins + timedelta(days=1)
    paid = await store.find_paid(database, of.tenant, of.collector_id, first_id("pay_", begins), first_id("pay_", ends))
    back = await store.find_reversed(database, of.tenant, of.collector_id, begins, ends)
    nothing = store.Total(0, 0)
    totals = [
        TotalsBody(
            currency=currency,
            payments=(taken := paid.get(currency, nothing)).count,
            payments_amount=taken.amount,
            reversals=(returned := back.get(currency, nothing)).count,
            reversals_amount=returned.amount,
            net_amount=taken.amount - returned.amount,
        )
        for currency in sorted(paid.keys() | back.keys())
    ]
    return to_shown_json(DailyTotalsBody(day=of.day, collector_id=of.collector_id, totals=totals))
