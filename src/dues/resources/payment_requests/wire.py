"""The JSON of a payment request."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.fields import Currency, Metadata, says
from dues.domain.payment_requests import PaymentRequest, RequestStatus

Time = Annotated[datetime, Meta(tz=True)]


class RequestLinkBody(Struct, frozen=True, kw_only=True):
    """Where a request is paid, as Moment shows it."""

    url: Annotated[str, says("The same as the request's `url`.")]


class PaymentRequestBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment request as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `pr_…`.")]
    type: Annotated[Literal["link"], says("How it is paid: by whoever has its `url`.")]
    status: Annotated[RequestStatus, says("Only an active one can be changed.")]
    amount: Annotated[int, says("What is to be paid, in the smallest unit.")]
    currency: Currency
    external_reference: Annotated[str, says("Your own name for it.")] | None = None
    description: Annotated[str, says("What it is for.")] | None = None
    url: (
        Annotated[str, says("Where it is paid. Absent in events, once it is over, and where its key is missing.")]
        | None
    ) = None
    link: Annotated[RequestLinkBody, says("The same, in Moment's place.")] | None = None
    payment_link_id: Annotated[str, says("The payment link that it is paid by.")]
    customer_id: Annotated[str, says("The customer who is asked.")]
    account_id: Annotated[str, says("The account, where it is for one.")] | None = None
    bills: Annotated[list[str], says("The ids of the bills, where it is for some.")] | None = None
    payment_id: Annotated[str, says("The payment, once it is paid.")] | None = None
    expires_at: Annotated[Time, says("When it ends.")]
    metadata: Metadata | None = None
    created_at: Annotated[Time, says("When it was made.")]
    updated_at: Annotated[Time, says("When it was last changed.")]


def payment_request_body(request: PaymentRequest, now: datetime, url: str | None = None) -> PaymentRequestBody:
    """The request as clients see it at a time."""
    status = request.status_at(now)
    return PaymentRequestBody(
        id=request.id,
        type="link",
        status=status,
        amount=request.amount,
        currency=request.currency,
        external_reference=request.external_reference,
        description=request.description,
        url=url if status == "active" else None,
        link=RequestLinkBody(url=url) if url and status == "active" else None,
        payment_link_id=request.payment_link_id,
        customer_id=request.customer_id,
        account_id=request.owner_id if request.target == "account" else None,
        bills=request.bills.ids if request.bills else None,
        payment_id=request.payment_id,
        expires_at=request.expires_at,
        metadata=request.metadata,
        created_at=request.created_at,
        updated_at=request.updated_at,
    )
