"""Held money: applied to bills and balances after it came, taken back from them, and refunded."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from dues.domain.allocation import PARTS_MAX, Allotment, Money, fill
from dues.domain.entries import Cause, Chain
from dues.domain.fields import AccountName, BillName, CustomerName, PaymentAmount
from dues.domain.money import written
from dues.domain.obligations import Owed, refuse_payment
from dues.domain.paying import pay, release
from dues.domain.payment_rules import Noun
from dues.domain.payments import Application, Payment, application_of, linked_to
from dues.domain.records import Change, Record, changed
from dues.domain.refusals import Refusal, not_found
from dues.domain.violations import Violation


class Place(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where money is, or is to go: exactly one of a bill, an account's balance or a customer's."""

    bill: BillName | None = None
    account: AccountName | None = None
    customer: CustomerName | None = None

    @property
    def named(self) -> tuple[Noun, str] | None:
        """What kind of object, and its id or reference."""
        nouns: tuple[Noun, ...] = ("bill", "account", "customer")
        return next(((noun, name) for noun in nouns if (name := getattr(self, noun)) is not None), None)

    def cross_check(self) -> Iterator[Violation]:
        """Yields a place that is none, or several."""
        given = [name for name in ("bill", "account", "customer") if getattr(self, name) is not None]
        if not given:
            yield Violation("/bill", "required", "is required, unless account or customer is given.")
        for name in given[1:]:
            yield Violation(f"/{name}", "one_only", f"must not be given beside {given[0]}: name one of them.")


class ApplicationPart(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So much of what is held for this bill or balance."""

    amount: PaymentAmount


class NewApplications(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to become of held money: named parts of it, or as much as open bills take."""

    parts: (
        Annotated[
            list[ApplicationPart],
            Meta(min_length=1, max_length=PARTS_MAX, description="How much for which bill or balance."),
        ]
        | None
    ) = None
    allocation: (
        Annotated[
            Literal["oldest_due_first"],
            Meta(description="For the open bills of the account or customer, each filled before the next."),
        ]
        | None
    ) = None
    account: AccountName | None = None
    customer: CustomerName | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields what does not go together."""
        if (self.parts is None) == (self.allocation is None):
            yield Violation("/parts", "required", "is required, unless allocation is given: one of the two.")
        if self.account is not None and self.customer is not None:
            yield Violation("/customer", "one_only", "must not be given beside account: name one of them.")
        for name in ("account", "customer"):
            if self.parts is not None and getattr(self, name) is not None:
                yield Violation(f"/{name}", "not_of_parts", "goes with allocation: whose open bills are meant?")


class Unapply(Place, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From where money is to be taken back, and how much: all that the payment has there, where it is not said."""

    amount: PaymentAmount | None = None


class Moved(Struct, frozen=True):
    """What became of a payment, and of what it was applied to or taken from."""

    payment: Change[Payment]
    owed: Sequence[Change[Any]]
    applications: Sequence[Application] = ()
    """What is new."""


def apply_parts(
    record: Record[Payment], parts: Sequence[ApplicationPart], found: Sequence[Owed | None], cause: Cause
) -> Moved | Refusal:
    """Applies parts of what is held. Refuses what a payment would be refused for, and more than is held."""
    payment = record.of
    if refusal := _refuse_reversed(payment):
        return refusal
    total = sum(part.amount for part in parts)
    if total > payment.amount_unapplied:
        return _too_much("application_exceeds_unapplied", total, payment, "/parts")
    allotted: dict[str, Allotment] = {}
    for number, (part, owed) in enumerate(zip(parts, found, strict=True)):
        at = f"/parts/{number}"
        assert part.named
        noun, name = part.named
        if owed is None:
            return not_found(noun, name, f"{at}/{noun}")
        if owed.of.id in allotted:
            detail = f"{at}/{noun} names what is named before."
            return Refusal("validation_failed", detail, f"{at}/{noun}", "twice")
        if refusal := refuse_payment(owed, part.amount, payment.currency, at, payment.amount):
            return refusal
        allotted[owed.of.id] = Allotment(owed, part.amount)
    return _apply(record, list(allotted.values()), cause)


def apply_oldest_first(record: Record[Payment], bills: Sequence[Owed], cause: Cause) -> Moved | Refusal:
    """Applies what is held to open bills, in their order, each filled before the next; the rest stays held."""
    payment = record.of
    if refusal := _refuse_reversed(payment):
        return refusal
    if not payment.amount_unapplied:
        return _too_much("application_exceeds_unapplied", 1, payment, "/allocation")
    money = Money(payment.amount_unapplied, payment.currency, payment.amount)
    allotted, _, passed = fill(bills, money)
    if not allotted:
        return passed or Refusal("payment_not_allowed", f"No bill in {payment.currency} is open.", "/allocation")
    return _apply(record, allotted, cause)


def _apply(record: Record[Payment], allotted: Sequence[Allotment], cause: Cause) -> Moved:
    payment = record.of
    cause = structs.replace(cause, payment_id=payment.id)
    ledger, new = Chain(payment.id, record.head, cause), []
    for allotment in allotted:
        ledger.add("application", payment.currency, -allotment.amount)
        new.append(application_of(allotment, cause))
    owed = [one.owed for one in allotted]
    after = structs.replace(
        payment,
        amount_unapplied=payment.amount_unapplied - sum(one.amount for one in new),
        applications=[*payment.applications, *new],
        linked_to=[*payment.linked_to, *linked_to(owed, payment.customer_id, payment.account_id)],
    )
    paid = [pay(one.owed, one.amount, cause) for one in allotted]
    return Moved(changed(record, after, ledger.entries), paid, new)


def unapply(record: Record[Payment], wanted: Unapply, owed: Owed | None, cause: Cause) -> Moved | Refusal:
    """Takes money back from a bill or a balance, what was applied last first; it is held then.

    Refuses more than is there, and what cannot be changed any more.
    """
    payment = record.of
    assert wanted.named
    noun, name = wanted.named
    if refusal := _refuse_reversed(payment):
        return refusal
    if owed is None:
        return not_found(noun, name, f"/{noun}")
    there = payment.applied_to(owed.of.id)
    amount = there if wanted.amount is None else wanted.amount
    if not there or amount > there:
        has = written(there, payment.currency)
        called = f"the {noun} {owed.of.external_reference!r}"
        detail = f"The payment {payment.external_reference!r} has {has} applied to {called}."
        return Refusal("amount_exceeds_applied", detail, "/amount")
    cause = structs.replace(cause, payment_id=payment.id)
    step = release(owed, amount, payment.currency, cause)
    if isinstance(step, Refusal):
        return step
    return Moved(hold_again(record, owed.of.id, amount, cause), [step])


def hold_again(record: Record[Payment], owner_id: str, amount: int, cause: Cause) -> Change[Payment]:
    """The payment once so much of it was taken back from where it was applied."""
    payment, left, applications = record.of, amount, []
    for one in reversed(payment.applications):
        back = min(left, one.live) if one.owner_id == owner_id else 0
        applications.append(structs.replace(one, released=one.released + back) if back else one)
        left -= back
    assert not left, "no more is taken back than was applied"
    ledger = Chain(payment.id, record.head, cause)
    ledger.add("hold", payment.currency, amount)
    after = structs.replace(
        payment, applications=applications[::-1], amount_unapplied=payment.amount_unapplied + amount
    )
    return changed(record, after, ledger.entries)


def _refuse_reversed(payment: Payment) -> Refusal | None:
    if payment.status != "reversed":
        return None
    return Refusal(
        "payment_reversed", f"The payment {payment.external_reference!r} was reversed: nothing of it is left."
    )


def _too_much(
    code: Literal["application_exceeds_unapplied", "refund_exceeds_unapplied"],
    amount: int,
    payment: Payment,
    pointer: str,
) -> Refusal:
    held = written(payment.amount_unapplied, payment.currency)
    asked = written(amount, payment.currency)
    detail = f"{held} of the payment {payment.external_reference!r} is held, and {asked} is asked for."
    return Refusal(code, detail, pointer)
