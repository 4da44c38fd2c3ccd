"""Checkouts: attempts to pay by a link, each from what was chosen to the payment that it became."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

from msgspec import Struct, structs

from dues.domain.allocation import PARTS_MAX, Money, Part, fill
from dues.domain.entries import Cause
from dues.domain.ids import new_id
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed
from dues.domain.payment_links import PaymentLink
from dues.domain.records import Change, Record, changed, made

CheckoutState = Literal["open", "paid", "failed", "expired", "orphaned"]

Ended = Literal["failed", "expired", "orphaned"]

LASTS: Final = timedelta(days=1)
"""How long it is waited for: who comes back later begins anew. Money that comes later still is taken."""


class CheckoutPart(Struct, frozen=True):
    """So much for a bill, of which so much was owed then; in minor units."""

    bill: str
    amount: int
    owed: int


class CheckoutParts(Struct, frozen=True):
    """What was chosen: the bills, the oldest due first. What the amount has beside them is for the balance. `tags`:
    what the address said of where it was found, such as utm_source."""

    bills: list[CheckoutPart]
    tags: dict[str, str] = {}


class Checkout(Struct, frozen=True, kw_only=True):
    """A checkout as stored. `external_reference` is that of the form that was sent: sent twice, it is one checkout."""

    noun: ClassVar = "checkout"

    id: str
    external_reference: str
    payment_link_id: str
    adapter: str
    state: CheckoutState = "open"
    amount: int
    currency: str
    parts: CheckoutParts
    payment_id: str | None = None
    reason: str | None = None
    expires_at: datetime
    metadata: None = None
    created_at: datetime


class Choice(Struct, frozen=True):
    """What somebody wants to pay: so much in all, for these bills, the rest for the balance; and how they came here."""

    amount: int
    currency: str
    parts: list[CheckoutPart]
    tags: dict[str, str] = {}


class Charged(Struct, frozen=True):
    """What a processor says of a checkout: that so much was paid, in its currency, under its own id of that."""

    reference: str
    amount: int
    currency: str


class NotCharged(Struct, frozen=True):
    """What a processor says of a checkout: that nothing came of it, and that nothing can any more."""

    reason: str
    state: Ended = "failed"


class Coming(Struct, frozen=True):
    """What a processor says of a checkout: that it was paid, and that the money is on its way, for days maybe."""


Told = Charged | NotCharged | Coming


def choose_bills(bills: Sequence[Owed], balance: int, currency: str) -> Choice:
    """All of some bills, and so much of the balance."""
    parts = [CheckoutPart(one.of.id, one.of.outstanding or 0, one.of.outstanding or 0) for one in bills]
    return Choice(sum(part.amount for part in parts) + balance, currency, parts)


def choose_amount(amount: int, bills: Sequence[Owed], currency: str) -> Choice:
    """So much over the bills, the oldest due first; what is left is for the balance."""
    allotted, _, _ = fill(bills[:PARTS_MAX], Money(amount, currency, amount))
    parts = [CheckoutPart(one.owed.of.id, one.amount, one.owed.of.outstanding or 0) for one in allotted]
    return Choice(amount, currency, parts)


def payment_of(link: PaymentLink, choice: Choice, charged: Charged, adapter: str, checkout_id: str) -> NewPayment:
    """The payment that a checkout is, or would be. Where another amount was charged than was chosen, the oldest bills
    have it first; where it was another currency, none of them has."""
    parts, left = [], charged.amount
    for part in choice.parts if charged.currency == choice.currency else ():
        if taken := min(part.amount, left):
            parts.append(Part(bill=part.bill, amount=taken))
            left -= taken
    of_account = link.target == "account"
    return NewPayment(
        external_reference=f"{adapter}:{charged.reference}",
        amount=charged.amount,
        currency=charged.currency,
        parts=parts or None,
        rest="hold" if link.request_id else None,  # what is asked for is taken, whatever is owed by then
        method=adapter,
        metadata={**choice.tags, "payment_link": link.id, "checkout": checkout_id},
        account=link.owner_id if of_account else None,
        customer=None if of_account else link.owner_id,
    )


def begin_checkout(link: PaymentLink, choice: Choice, adapter: str, press: str, cause: Cause) -> Change[Checkout]:
    """A new checkout."""
    checkout = Checkout(
        id=new_id("chk_", cause.now),
        external_reference=press,
        payment_link_id=link.id,
        adapter=adapter,
        amount=choice.amount,
        currency=choice.currency,
        parts=CheckoutParts(choice.parts, choice.tags),
        expires_at=cause.now + LASTS,
        created_at=cause.now,
    )
    return made(checkout, None)


def choice_of(checkout: Checkout) -> Choice:
    """What was chosen."""
    return Choice(checkout.amount, checkout.currency, checkout.parts.bills, checkout.parts.tags)


def end_checkout(record: Record[Checkout], state: Ended, reason: str) -> Change[Checkout]:
    """The checkout once nothing came of it; as it was, where it is over already."""
    if record.of.state != "open":
        return changed(record, record.of)
    return changed(record, structs.replace(record.of, state=state, reason=reason[:255]))


def orphan_checkout(record: Record[Checkout], reason: str) -> Change[Checkout]:
    """The checkout once its money came and could not be recorded, whatever it was before; one that is paid stays so."""
    if record.of.state == "paid":
        return changed(record, record.of)
    return changed(record, structs.replace(record.of, state="orphaned", reason=reason[:255]))


def pay_checkout(record: Record[Checkout], payment_id: str) -> Change[Checkout]:
    """The checkout once it is this payment, whatever it was before. One that is paid already stays that payment."""
    if record.of.state == "paid":
        return changed(record, record.of)
    return changed(record, structs.replace(record.of, state="paid", payment_id=payment_id, reason=None))


def count_payment(record: Record[PaymentLink]) -> Change[PaymentLink]:
    """The link once another payment came by it."""
    return changed(record, structs.replace(record.of, payments=record.of.payments + 1))
