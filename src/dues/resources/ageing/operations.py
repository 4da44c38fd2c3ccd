"""What the API offers of ageing."""

from typing import Final

from dues.resources.ageing.query import AgeingQuery
from dues.resources.ageing.read import read_ageing, read_for_page
from dues.resources.ageing.whole import ageing_file
from dues.resources.ageing.wire import AgeingBody
from dues.resources.doing import Presents
from dues.resources.operation import Operation

_AGES: Final = (
    ("not_due", 12, 2400000),
    ("1-30", 3, 450000),
    ("31-60", 1, 150000),
    ("61-90", 0, 0),
    ("91-120", 0, 0),
    ("121+", 0, 0),
)

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/ageing",
        does=Presents(read_ageing, ageing_file, read_for_page, is_on_paper=False),
        id="retrieve_ageing",
        tag="Files",
        summary="Retrieve what is owed, by age",
        description="What was owed when a day ended, by how many days it had been due: in all, by customer or by "
        "bill. Balances that are owed have no age; credit, and what is held of payments, stand beside it, set off "
        "against nothing. As `application/json`; whole, as `text/csv`, with amounts as people write them; or as a "
        "page, `text/html`; by `Accept`, or by `.csv` or `.html` at the end of the path.",
        query=AgeingQuery,
        answer=AgeingBody,
        example={
            "as_of": "2026-01-31",
            "time_zone": "Africa/Johannesburg",
            "by": "total",
            "data": [
                {
                    "currency": "ZAR",
                    "figures": {
                        "open_bills": {"count": 16, "amount_remaining": 3000000},
                        "ages": [
                            {"bucket": bucket, "count": count, "amount_remaining": amount}
                            for bucket, count, amount in _AGES
                        ],
                        "overdue": {"count": 4, "amount_remaining": 600000},
                        "without_due_date": {"count": 0, "amount_remaining": 0},
                        "balance_owed": 75000,
                        "credit": 12000,
                        "held": 5000,
                        "net_amount": 3058000,
                    },
                }
            ],
            "has_more": False,
        },
        problems=("amount_out_of_range",),
    ),
)
