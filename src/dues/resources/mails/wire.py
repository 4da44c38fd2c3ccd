"""The JSON of a mail."""

import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.fields import says
from dues.domain.mails import Mail, MailKind, MailState, masked_address

Time = Annotated[datetime.datetime, Meta(tz=True)]


class MailBody(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """A mail as clients see it; what has no value is left out."""

    id: Annotated[str, says("Its id, `mail_…`; time-ordered.")]
    kind: Annotated[MailKind, says("What it is.")]
    customer_id: Annotated[str, says("Whose receipt or statement.")]
    account_id: Annotated[str, says("The account, where it is the statement of one.")] | None = None
    payment_id: Annotated[str, says("The payment, where it is a receipt.")] | None = None
    from_: Annotated[datetime.date, says("The first day, where it is a statement.")] | None = None
    to_day: Annotated[datetime.date, says("The last day, where it is a statement.")] | None = None
    payment_link_id: Annotated[str, says("Whose address it has.")] | None = None
    asked_by: Annotated[Literal["merchant", "customer"], says("`customer`: on the page of a payment link.")]
    to: Annotated[str, says("Where to. What a customer has typed is masked: `j***@example.com`.")]
    lang: Annotated[str, says("In which language.")]
    state: Annotated[
        MailState,
        says("`waiting`: it is sent as soon as that can be; `sent`: a mail server has taken it; `failed`: `reason`."),
    ]
    attempts: Annotated[int, says("How often it was tried. Absent in events.")] | None = None
    may_come_twice: Annotated[
        bool, says("An attempt ended without a clear answer: it may arrive twice, with one Message-ID.")
    ] = False
    reason: Annotated[str, says("What the last attempt was answered.")] | None = None
    sent_at: Annotated[Time, says("When a mail server took it.")] | None = None
    created_at: Annotated[Time, says("When it was asked for.")]


def mail_body(mail: Mail, *, with_attempts: bool = False) -> MailBody:
    """The mail as clients see it."""
    return MailBody(
        id=mail.id,
        kind=mail.kind,
        customer_id=mail.customer_id,
        account_id=mail.account_id,
        payment_id=mail.payment_id,
        from_=mail.first_on,
        to_day=mail.last_on,
        payment_link_id=mail.payment_link_id,
        asked_by=mail.asked_by,
        to=masked_address(mail.address) if mail.asked_by == "customer" else mail.address,
        lang=mail.language,
        state=mail.state,
        attempts=mail.attempts if with_attempts else None,
        may_come_twice=mail.is_unclear,
        reason=mail.reason,
        sent_at=mail.sent_at,
        created_at=mail.created_at,
    )
