"""What the API offers for the comparison with a bank's or a processor's statement."""

import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from dues.domain.fields import DAY_RULE
from dues.resources.doing import Streams
from dues.resources.operation import NoQuery, Operation
from dues.resources.reports.write import reconcile


class ReconciliationQuery(Struct, frozen=True):
    """Which day."""

    date: (
        Annotated[
            datetime.date,
            Meta(
                description="The day, the merchant's, YYYY-MM-DD; yesterday where it is not said.",
                extra={"rule": DAY_RULE},
            ),
        ]
        | None
    ) = None


_EXAMPLE: Final = """title,version,merchant,from,to\r
Reconciliation report,1,mer_0Ue8xPq2dK7mN4vRtYw3z,2026-01-20T00:00:00+02:00,2026-01-21T00:00:00+02:00\r
transaction_type,transaction_timestamp,reconciliation_id,merchant_reference_id,payment_method,payment_method_tender,\
customer_reference,country,presentment_currency,amount,payment_id,payment_reference,paid_at,status,amount_applied,\
applied_to,amount_unapplied,amount_refunded,collector_id\r
Payment,2026-01-20T11:15:00+02:00,pay_0Ue8xQb7sT2kL9wMpZc5h,EFT-1,eft,,METER-3001,ZA,ZAR,500.00,\
pay_0Ue8xQb7sT2kL9wMpZc5h,EFT-1,2026-01-20T09:15:00Z,applied,500.00,INV-1,0.00,0.00,\r
"""

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/reports/reconciliation",
        does=Streams(reconcile),
        id="fetch_reconciliation_report",
        tag="Files",
        summary="Fetch the reconciliation report of a day",
        description="A CSV file with a row for each payment that was recorded that day, each refund, and each payment "
        "that was reversed that day, amounts as people write them, what went out below nothing. It begins with two "
        "lines of its own: whose it is, and from when to when. The first columns are Moment's.",
        query=ReconciliationQuery,
        answer=NoQuery,
        example={"text/csv": _EXAMPLE},
    ),
)
