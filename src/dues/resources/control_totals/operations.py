"""What the API offers of control totals."""

from datetime import date
from typing import Annotated, Any, Final

from msgspec import defstruct

from dues.resources.control_totals.read import read_control_totals
from dues.resources.control_totals.wire import ControlTotalsBody
from dues.resources.control_totals.write import write_control_totals
from dues.resources.doing import Presents
from dues.resources.operation import Operation
from dues.resources.statements.query import day_of_the_merchants, days_in_order

ControlTotalsQuery: Final = defstruct(
    "ControlTotalsQuery",
    [
        (
            "from",
            Annotated[
                date,
                day_of_the_merchants(
                    "The merchant's first day; the first of the month of the last, where it is not said."
                ),
            ]
            | None,
            None,
        ),
        ("to", Annotated[date, day_of_the_merchants("The last day; today where it is not said.")] | None, None),
    ],
    namespace={"__doc__": "Of which days.", "cross_check": staticmethod(days_in_order)},
    frozen=True,
    kw_only=True,
)
"""Its first field is called `from`, which no class can say."""

_ZERO: Final = {"balances_owed": 0, "balances_in_credit": 0, "overpaid_bills": 0, "held": 0}

IN_A_CURRENCY: Final[dict[str, Any]] = {
    "currency": "ZAR",
    "opening": {"total": 0, "open_bills": 0} | _ZERO,
    "movements": [
        {"cause": "bill_made", "count": 3, "amount": 150000},
        {"cause": "payment", "count": 2, "amount": -80000},
        {"cause": "write_off", "count": 1, "amount": -500},
    ],
    "held_movements": [{"cause": "payment_held", "count": 1, "amount": 2000}],
    "closing": {"total": 69500, "open_bills": 69500} | _ZERO | {"held": 2000},
}

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/control_totals",
        does=Presents(read_control_totals, write_control_totals, is_on_paper=False, is_a_page=False),
        id="retrieve_control_totals",
        tag="Files",
        summary="Retrieve the control totals of some days",
        description="What all customers owed when the first day began, what every kind of movement came to until the "
        "last one ended, and what was owed then, in each currency, from one instant: the opening and the movements "
        "come to the closing. It is what the statements of all customers come to. Days are the merchant's, and "
        "movements are of the day on which they were recorded: of days that are over it is the same whenever it is "
        "asked for. Where one period ends, the next one begins. As `application/json`, or `text/csv` with amounts as "
        "people write them; by `Accept`, or by `.csv` at the end of the path.",
        query=ControlTotalsQuery,
        answer=ControlTotalsBody,
        example={
            "mode": "live",
            "from": "2026-01-01",
            "to": "2026-01-31",
            "time_zone": "Africa/Johannesburg",
            "currencies": [IN_A_CURRENCY],
        },
        problems=("amount_out_of_range",),
    ),
)
