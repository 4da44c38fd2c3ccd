"""Payment requests as they are kept, found and listed."""

from collections.abc import Sequence
from typing import Final

from dues.commands.kind import Kind
from dues.db.database import Database
from dues.domain.payment_requests import PaymentRequest
from dues.domain.records import Change
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.lists.listing import CUSTOMER_NAMED, Listing
from dues.resources.payment_requests.wire import payment_request_body


def _event_types(change: Change[PaymentRequest]) -> Sequence[EventType]:
    if change.before is None:
        return ("payment_request.created",)
    if change.after.of.status == "paid" and change.before.of.status != "paid":
        return ("payment_request.paid",)
    return ("payment_request.updated",)


PAYMENT_REQUEST: Final = Kind(
    PaymentRequest,
    noun="payment_request",
    prefix="pr_",
    table="payment_requests",
    saved=("amount", "description", "status", "payment_id", "expires_at", "metadata", "updated_at"),
    renamed={"bills": "bill_ids"},
    computed={"created_at": "t.created_at"},
    show=lambda record: payment_request_body(record.of, record.of.updated_at),
    event_types=_event_types,
    belongs_by="customer_id",
    has_balance=False,
    has_ledger=False,
)

PAYMENT_REQUESTS: Final = Listing(
    name="payment requests",
    prefix=PAYMENT_REQUEST.prefix,
    columns=PAYMENT_REQUEST.selected,
    table="payment_requests t",
    filters={"customer": "t.customer_id = {}", "external_reference": "t.external_reference = {}"},
    named={"customer": CUSTOMER_NAMED},
)

FIND_REQUEST: Final = f"""
select {PAYMENT_REQUEST.selected} from payment_requests t where t.cell = $1 and t.tenant_id = $2 and t.id = $3
"""


async def find_request(database: Database, tenant: Tenant, request_id: str) -> PaymentRequest | None:
    """The request with this id."""
    row = await database.row(FIND_REQUEST, *tenant, request_id)
    return PAYMENT_REQUEST.of_row(row).of if row else None
