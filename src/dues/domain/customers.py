"""Customers: who owes, or has credit."""

from collections.abc import Iterator

from msgspec import Struct

from dues.domain.balances import needs_currency, refuse_unsafe, tracked
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.fields import Amount, Currency, CustomerReference, Email, Metadata, Name, Phone
from dues.domain.ids import new_id
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation


class NewCustomer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer to be created. Only the reference is required; `null` means "not given"."""

    external_reference: CustomerReference
    name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    currency: Currency | None = None
    balance: Amount | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a balance without its currency."""
        yield from needs_currency(self.balance, self.currency)


class Customer(Struct, frozen=True, kw_only=True):
    """A customer as stored. `balance` is in minor units of `currency`; None: no balance is tracked."""

    id: str
    external_reference: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    balance: int | None = None
    payment_rules: PaymentRules | None = None
    metadata: dict[str, str] | None = None


def register_customer(
    request: NewCustomer, *, reference_taken: bool, cause: Cause, pointer: str = ""
) -> tuple[Customer, list[Entry]] | Refusal:
    """The new customer and the entries that open its balance. Refuses an unsafe balance or a taken reference.

    `pointer` is where `request` stands in the body that it came in.
    """
    if refusal := refuse_unsafe([request.balance], f"{pointer}/balance"):
        return refusal
    if reference_taken:
        return Refusal(
            "external_reference_taken",
            f"Another customer already has the external_reference {request.external_reference!r}.",
            f"{pointer}/external_reference",
        )

    customer = Customer(
        id=new_id("bcus_", cause.now),
        external_reference=request.external_reference,
        name=request.name,
        email=request.email,
        phone=request.phone,
        currency=request.currency,
        balance=request.balance,
        payment_rules=request.payment_rules,
        metadata=request.metadata or None,
    )
    chain = Chain(customer.id, Head(), cause)
    chain.track(None, tracked(customer.currency, customer.balance))
    return customer, chain.entries
