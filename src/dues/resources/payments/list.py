"""GET /billing/payments: payments, newest first."""

from dues.db.database import Database
from dues.lists.listing import Query, find_page
from dues.resources.payments.store import PAYMENTS, payment_of
from dues.resources.payments.wire import PaymentBody, payment_body


async def list_payments(database: Database, tenant_id: int, query: Query) -> list[PaymentBody]:
    """A page and, where there are more, one payment of the next."""
    return [payment_body(payment_of(row)) for row in await find_page(database, PAYMENTS, tenant_id, query)]
