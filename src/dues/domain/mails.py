"""Mails: receipts and statements that are sent to somebody, because somebody asked for it."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from email_validator import validate_email
from msgspec import Meta, Struct, structs

from dues.domain.entries import Cause
from dues.domain.fields import DAY_RULE, AccountName, CustomerName, Email, PaymentName, says
from dues.domain.ids import new_id
from dues.domain.records import Change, Record, changed, made
from dues.domain.violations import Violation

MailKind = Literal["receipt", "statement"]

MailState = Literal["waiting", "sent", "failed"]

Lang = Literal["en", "af", "zu", "de", "fr", "ar"]

_Day = Meta(extra={"rule": DAY_RULE})


class MailedStatement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """The statement of exactly one of a customer and an account."""

    customer: CustomerName | None = None
    account: AccountName | None = None
    from_: (
        Annotated[date, _Day, says("The first day; the first of the month of the last, where it is not said.")] | None
    ) = None
    to: Annotated[date, _Day, says("The last day; today where it is not said.")] | None = None
    payment_link: Annotated[str, says("A payment link of theirs, whose address it has.")] | None = None


class NewMail(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to send: the receipt of a payment, or a statement; and where to."""

    payment: PaymentName | None = None
    statement: MailedStatement | None = None
    to: Annotated[Email, says("Where to; the customer's `email` where it is not said.")] | None = None
    lang: Annotated[Lang, says("In which language; English where it is not said.")] | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a mail of nothing or of both, a statement of nobody or of two, and days the wrong way round."""
        if (self.payment is None) == (self.statement is None):
            yield Violation("/payment", "one_only", "name either a payment or a statement.")
        if not isinstance(one := self.statement, MailedStatement):
            return
        if (one.customer is None) == (one.account is None):
            yield Violation("/statement/customer", "one_only", "name either a customer or an account.")
        if isinstance(one.from_, date) and isinstance(one.to, date) and one.to < one.from_:
            yield Violation("/statement/to", "before_from", f"must not be before the first day, {one.from_}.")


class Mail(Struct, frozen=True, kw_only=True):
    """A mail as stored. `external_reference` is what it was asked for under where no key was: a form sent twice is one.

    `is_unclear`: an attempt ended so that nobody knows whether it arrived.
    """

    noun: ClassVar = "mail"

    id: str
    external_reference: str | None = None
    kind: MailKind
    customer_id: str
    account_id: str | None = None
    payment_id: str | None = None
    first_on: date | None = None
    last_on: date | None = None
    payment_link_id: str | None = None
    asked_by: Literal["merchant", "customer"]
    address: str
    language: Lang
    state: MailState = "waiting"
    attempts: int = 0
    is_unclear: bool = False
    reason: str | None = None
    sent_at: datetime | None = None
    leased_until: datetime | None = None
    """Until then whoever sends it has it, by the server's time."""
    metadata: None = None
    created_at: datetime


def make_mail(new: NewMail, of: Mail, cause: Cause) -> Change[Mail]:
    """A new mail. `of` is one of which all is known but its id and time."""
    made_id = new_id("mail_", cause.now)
    return made(structs.replace(of, id=made_id, language=new.lang or "en", created_at=cause.now), None)


def end_mail(
    record: Record[Mail], state: MailState, reason: str | None, is_unclear: bool, cause: Cause
) -> Change[Mail]:
    """The mail once it is sent, or never will be. One that was sent stays so."""
    before = record.of
    if before.state == "sent":
        return changed(record, before)
    after = structs.replace(
        before,
        state=state,
        reason=reason and reason[:255],
        is_unclear=before.is_unclear or is_unclear,
        sent_at=cause.now if state == "sent" else None,
        leased_until=None,
    )
    return changed(record, after)


def ascii_address(address: str) -> str:
    """An address as mail servers take it: the domain as they know it."""
    valid = validate_email(address, check_deliverability=False)
    return f"{valid.local_part}@{valid.ascii_domain}"


def masked_address(address: str) -> str:
    """`j***@example.com`: an address that somebody typed for themselves, as others see it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
