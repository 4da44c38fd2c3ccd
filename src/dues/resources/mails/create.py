"""POST /billing/mails: have a receipt or a statement sent."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from dues.commands.command import Command, Outcome
from dues.commands.known import TenantLookup
from dues.commands.questions import Makes, Named
from dues.domain.entries import Cause
from dues.domain.mails import Mail, NewMail, ascii_address, make_mail
from dues.domain.refusals import Refusal, not_found
from dues.resources.accounts.store import ACCOUNT
from dues.resources.customers.store import CUSTOMER
from dues.resources.mails.store import MAIL
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payments.store import PAYMENT
from dues.webhooks.outgoing import Outgoing
from dues.work.questions import Question
from dues.work.work import Request

_UNMADE: Final = datetime(1970, 1, 1, tzinfo=UTC)


_NO_MAIL: Final = "This server sends no mail. Whoever runs it sets DUES_MAIL_URL and DUES_MAIL_FROM."


class AskedOnPage(NewMail, frozen=True, kw_only=True):
    """What a customer has asked for on the page of a payment link, under a reference of its own."""

    under: str


def create_mails(outgoing: Outgoing) -> Command:
    """The command, for a server that sends mail or does not."""

    def create(request: Request[NewMail], lookup: TenantLookup, cause: Cause) -> Outcome | Refusal:
        if not outgoing.sends_mail:
            return Refusal("mail_not_set", _NO_MAIL)
        under = _under(request.body)
        if under is not None and (taken := lookup.find_taken("mail", under)):
            return Outcome(taken.record)
        found = _receipt(request.body, lookup) if request.body.payment else _statement(request.body, lookup, cause)
        if isinstance(found, Refusal):
            return found
        change = make_mail(request.body, found, cause)
        return Outcome(change.after, [change])

    return Command("mails.create", _questions, create, _further)


def _under(new: NewMail) -> str | None:
    return new.under if isinstance(new, AskedOnPage) else None


def _questions(request: Request[NewMail]) -> Iterable[Question]:
    new = request.body
    if under := _under(new):
        yield Makes(MAIL, under)
    if new.payment is not None:
        yield Named(PAYMENT, new.payment)
    if one := new.statement:
        yield Named(ACCOUNT, one.account) if one.account is not None else Named(CUSTOMER, one.customer or "")
        if one.payment_link is not None:
            yield Named(PAYMENT_LINK, one.payment_link)


def _further(request: Request[NewMail], lookup: TenantLookup) -> Iterable[Question]:
    if customer_id := _customer_id(request.body, lookup):
        yield Named(CUSTOMER, customer_id)


def _customer_id(new: NewMail, lookup: TenantLookup) -> str | None:
    """Whose receipt or statement it is."""
    if new.payment is not None:
        payment = lookup.find("payment", new.payment)
        return payment.of.customer_id if payment else None
    one = new.statement
    assert one is not None, "a mail is of one or the other"
    if one.account is not None:
        account = lookup.find("account", one.account)
        return account.of.customer_id if account else None
    return lookup.find_id("customer", one.customer or "")


def _receipt(new: NewMail, lookup: TenantLookup) -> Mail | Refusal:
    payment = lookup.find("payment", new.payment or "")
    if payment is None:
        return not_found("payment", new.payment or "", "/payment")
    return _to(new, lookup, payment.of.customer_id, kind="receipt", payment_id=payment.of.id)


def _statement(new: NewMail, lookup: TenantLookup, cause: Cause) -> Mail | Refusal:
    one = new.statement
    assert one is not None, "a mail is of one or the other"
    noun, name = ("account", one.account) if one.account is not None else ("customer", one.customer or "")
    owner = lookup.find(noun, name)
    if owner is None:
        return not_found(noun, name, f"/statement/{noun}")
    customer_id, account_id = (owner.of.customer_id, owner.of.id) if noun == "account" else (owner.of.id, None)
    link_id = None
    if one.payment_link is not None:
        link = _link(one.payment_link, customer_id, account_id, lookup, cause)
        if isinstance(link, Refusal):
            return link
        link_id = link
    last = one.to or cause.today
    first = one.from_ or last.replace(day=1)
    if last < first:
        detail = f"must not be after the last day, {last}."
        return Refusal("validation_failed", detail, "/statement/from", "after_to")
    return _to(
        new,
        lookup,
        customer_id,
        kind="statement",
        account_id=account_id,
        first_on=first,
        last_on=last,
        payment_link_id=link_id,
    )


def _link(name: str, customer_id: str, account_id: str | None, lookup: TenantLookup, cause: Cause) -> str | Refusal:
    """The id of a link that takes payments for the statement's debts."""
    link = lookup.find("payment_link", name)
    pointer = "/statement/payment_link"
    if link is None:
        return not_found("payment_link", name, pointer)
    is_of = link.of.target != "account" or account_id in (None, link.of.owner_id)
    if link.of.customer_id != customer_id or not is_of:
        return Refusal("owner_mismatch", f"The payment link {link.of.id} is for somebody else's debts.", pointer)
    if link.of.is_over(cause.now):
        return Refusal("payment_link_over", f"The payment link {link.of.id} takes no more payments.", pointer)
    return str(link.of.id)


def _to(new: NewMail, lookup: TenantLookup, customer_id: str, **of: Any) -> Mail | Refusal:
    """The mail to the address that is said, or is the customer's."""
    customer = lookup.find("customer", customer_id)
    address = new.to or (customer.of.email if customer else None)
    if address is None:
        return Refusal("mail_without_address", "Say where to in `to`: the customer has no `email`.", "/to")
    under = _under(new)
    return Mail(
        id="",
        external_reference=under,
        customer_id=customer_id,
        asked_by="customer" if under else "merchant",
        address=ascii_address(address),
        language="en",
        created_at=_UNMADE,
        **of,
    )
