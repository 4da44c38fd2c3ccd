"""Figures: what the slots of somebody, or of all, come to."""

from collections.abc import Iterable, Sequence

from dues.db.transaction import Row
from dues.domain.ageing import Bucket
from dues.resources.ageing.store import BALANCE, CREDIT, HELD
from dues.resources.ageing.wire import AgedSumBody, FiguresBody, SumBody


def add_up(rows: Iterable[Row], buckets: Sequence[Bucket]) -> FiguresBody:
    """The figures of rows with slot, undated, count and amount."""
    counts, amounts = [0] * len(buckets), [0] * len(buckets)
    undated_count = undated_amount = 0
    others = {BALANCE: 0, CREDIT: 0, HELD: 0}
    for row in rows:
        slot, amount = row["slot"], int(row["amount"])
        if slot in others:
            others[slot] += amount
            continue
        counts[slot] += row["count"]
        amounts[slot] += amount
        if row["undated"]:
            undated_count += row["count"]
            undated_amount += amount
    return FiguresBody(
        open_bills=SumBody(sum(counts), sum(amounts)),
        ages=[
            AgedSumBody(bucket.code, count, amount)
            for bucket, count, amount in zip(buckets, counts, amounts, strict=True)
        ],
        overdue=SumBody(sum(counts[1:]), sum(amounts[1:])),
        without_due_date=SumBody(undated_count, undated_amount),
        balance_owed=others[BALANCE],
        credit=others[CREDIT],
        held=others[HELD],
        net_amount=sum(amounts) + others[BALANCE] - others[CREDIT] - others[HELD],
    )
