"""GET /billing/daily_totals: what was paid and taken back on one day of the merchant's, by currency."""

from datetime import timedelta

from dues.commands.command import to_shown_json
from dues.domain.days import beginning_of, day_at
from dues.domain.ids import first_id
from dues.domain.money import AMOUNT_MAX, is_safe
from dues.domain.refusals import Refusal
from dues.resources.daily_totals import store
from dues.resources.daily_totals.wire import DailyTotalsBody, TotalsBody
from dues.resources.doing import Call


async def read_daily_totals(call: Call) -> bytes | Refusal:
    """The JSON of a day's totals: a collector's own, or any collector's or all for the merchant.

    Refuses sums that not every client could read: `amount_out_of_range`.
    """
    time_zone = call.query.time_zone or call.key.time_zone
    day = call.query.day or day_at(call.key.now(), time_zone)
    collector_id = call.key.id if call.key.kind == "collector" else call.query.collector
    begins, ends = beginning_of(day, time_zone), beginning_of(day + timedelta(days=1), time_zone)
    ids = first_id("pay_", begins), first_id("pay_", ends)
    paid = await store.find_paid(call.database, call.tenant, collector_id, *ids)
    back = await store.find_reversed(call.database, call.tenant, collector_id, begins, ends)
    for currency, total in (*paid.items(), *back.items()):
        if not is_safe(total.amount):
            detail = f"What that day comes to in {currency} is {total.amount}; sums must lie within ±{AMOUNT_MAX}."
            return Refusal("amount_out_of_range", detail)
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
    return to_shown_json(DailyTotalsBody(day=day, time_zone=time_zone, collector_id=collector_id, totals=totals))
