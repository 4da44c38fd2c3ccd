"""What the API offers of receipts."""

from typing import Annotated, Any, Final, Literal

from msgspec import Struct

from dues.domain.fields import says
from dues.resources.doing import Presents
from dues.resources.operation import Operation
from dues.resources.payments import operations as payments
from dues.resources.receipts.read import read_receipt
from dues.resources.receipts.wire import ReceiptBody


class ReceiptQuery(Struct, frozen=True, kw_only=True):
    """In which language."""

    lang: (
        Annotated[
            Literal["en", "af", "zu", "de", "fr", "ar"],
            says("In which language a page or a document is; else the one of `Accept-Language`."),
        ]
        | None
    ) = None


_EXAMPLE: Final[dict[str, Any]] = {
    "merchant": "Example Utilities",
    "mode": "live",
    "payment": "pay_0Ue8xSg4wY7pK2zRlCe9u",
    "external_reference": "EFT-88213",
    "amount": 50000,
    "currency": "ZAR",
    "paid_at": "2026-01-20T09:15:00Z",
    "paid_on": "2026-01-20",
    "method": "eft",
    "customer": {"id": "bcus_0Ue8xPq2dK7mN4vRtYw3z", "external_reference": "CUST-1042", "name": "Jane Doe"},
    "lines": [{"id": "bill_0Ue8xQb7sT2kL9wMpZc5h", "bill": "INV-2026-001", "amount": 50000}],
}

OPERATIONS: Final[tuple[Operation, ...]] = (
    payments.NOUN.one(
        "GET",
        "/receipt",
        Presents(read_receipt),
        id="retrieve_receipt",
        names="EFT-88213",
        summary="Retrieve the receipt of a payment",
        description="That it came, and what it paid: as the payment is now, so that one that was reversed says so. As "
        "`application/json`, `text/html` or `application/pdf`, by `Accept`, or by `.html` or `.pdf` at the end of the "
        "path. A page or document is written in the language that is asked for. The same payment is the same document.",
        query=ReceiptQuery,
        answer=ReceiptBody,
        example=_EXAMPLE,
        problems=("pdf_not_installed",),
    ),
)
