"""GET /billing/payments: payments, newest first."""

from typing import get_args

from dues.db.database import Database
from dues.domain.payments import PaymentStatus
from dues.lists.listing import ACCOUNT_NAMED, BILL_NAMED, CUSTOMER_NAMED, Listing, Query, Through
from dues.lists.pages import find_page
from dues.resources.payments.store import COLUMNS, payment_of
from dues.resources.payments.wire import PaymentBody, payment_body

PAYMENTS = Listing(
    name="payments",
    prefix="pay_",
    columns=COLUMNS,
    table="payments p",
    alias="p",
    filters={
        "external_reference": "p.external_reference = {}",
        "customer": "p.customer_id = {}",
        "account": "p.account_id = {}",
        "status": "p.status = {}",
        "currency": "p.currency = {}",
    },
    named={"customer": CUSTOMER_NAMED, "account": ACCOUNT_NAMED, "bill": BILL_NAMED},
    through={"bill": Through("payment_applications", "owner_id", "payment_id")},
    statuses=get_args(PaymentStatus),
)


async def list_payments(database: Database, tenant_id: int, query: Query) -> list[PaymentBody]:
    """A page and, where there are more, one payment of the next."""
    return [payment_body(payment_of(row)) for row in await find_page(database, PAYMENTS, tenant_id, query)]
