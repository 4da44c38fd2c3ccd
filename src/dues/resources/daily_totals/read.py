"""GET /billing/daily_totals: what was paid and taken back on one day (UTC), by currency."""

from datetime import UTC, datetime, time, timedelta

from dues.commands.command import to_shown_json
from dues.domain.ids import first_id
from dues.resources.daily_totals import store
from dues.resources.daily_totals.wire import DailyTotalsBody, TotalsBody
from dues.resources.operation import Call


async def read_daily_totals(call: Call) -> bytes:
    """The JSON of a day's totals: a collector's own, or any collector's or all for the merchant."""
    day = call.query.day or call.key.now().date()
    collector_id = call.key.id if call.key.kind == "collector" else call.query.collector
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)
    ids = first_id("pay_", begins), first_id("pay_", ends)
    paid = await store.find_paid(call.database, call.tenant, collector_id, *ids)
    back = await store.find_reversed(call.database, call.tenant, collector_id, begins, ends)
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
    return to_shown_json(DailyTotalsBody(day=day, collector_id=collector_id, totals=totals))
