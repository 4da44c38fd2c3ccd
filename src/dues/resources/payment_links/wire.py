"""The JSON of a payment link."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.fields import Currency, says
from dues.domain.payment_links import PaymentLink

Time = Annotated[datetime, Meta(tz=True)]


class PaymentLinkBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment link as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `plk_…`; time-ordered.")]
    url: (
        Annotated[
            str,
            says(
                "What to send to whoever owes. It is whole where the server knows its public URL (`DUES_PUBLIC_URL`), "
                "else a path. Absent in events, and where its key is missing in `DUES_SECRET_KEY`."
            ),
        ]
        | None
    ) = None
    external_reference: Annotated[str, says("Your own name for it.")] | None = None
    customer_id: Annotated[str, says("The customer whose debts it shows.")]
    account_id: Annotated[str, says("The account, where it is for one alone.")] | None = None
    bills: Annotated[list[str], says("The ids of the bills, where it is for some alone.")] | None = None
    amount: Annotated[int, says("What is to be paid, where that is fixed, in the smallest unit.")] | None = None
    currency: Currency | None = None
    uses: Annotated[Literal["once", "many"], says("`once`: the first payment ends it.")]
    show: Annotated[Literal["names", "masked"], says("Whether names are written out.")]
    expires_at: Annotated[Time, says("When it ends.")]
    withdrawn_at: Annotated[Time, says("When it was withdrawn.")] | None = None
    payment_request_id: Annotated[str, says("The payment request that is paid by it, if it is one's.")] | None = None
    payments: Annotated[int, says("How many payments came by it.")]
    created_at: Annotated[Time, says("When it was made.")]


def payment_link_body(link: PaymentLink, url: str | None = None) -> PaymentLinkBody:
    """The link as clients see it."""
    return PaymentLinkBody(
        id=link.id,
        url=url,
        external_reference=link.external_reference,
        customer_id=link.customer_id,
        account_id=link.owner_id if link.target == "account" else None,
        bills=link.bills.ids if link.bills else None,
        amount=link.amount,
        currency=link.currency,
        uses=link.uses,
        show=link.show,
        expires_at=link.expires_at,
        withdrawn_at=link.withdrawn_at,
        payment_request_id=link.request_id,
        payments=link.payments,
        created_at=link.created_at,
    )
