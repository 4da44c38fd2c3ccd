"""Customers: who owes, or has credit."""

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType

from dues.domain.balances import needs_currency, outstanding, payment_max, refuse_unsafe
from dues.domain.entries import Cause
from dues.domain.fields import (
    Amount,
    BalanceTime,
    Currency,
    CustomerReference,
    Email,
    KeptCurrency,
    Metadata,
    MetadataChanges,
    Name,
    Phone,
)
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.owners import needs_balance, opening
from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.records import Change, made
from dues.domain.refusals import Refusal
from dues.domain.taken import refuse_taken
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

    noun: ClassVar[Noun] = "customer"

    id: str
    external_reference: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    balance: int | None = None
    payment_rules: PaymentRules | None = None
    metadata: dict[str, str] | None = None

    @property
    def customer_id(self) -> str:
        """Whose balance it is."""
        return self.id

    @property
    def outstanding(self) -> int | None:
        """What is to be paid, in minor units; None: no amount is tracked."""
        return outstanding(self.balance)

    @property
    def payment_max(self) -> int:
        """The most that can be recorded as paid, in minor units."""
        return payment_max(self.balance)


class CustomerChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PATCH of a customer: what is not sent stays, null clears."""

    read_only: ClassVar[frozenset[str]] = frozenset({"id", "external_reference"})

    name: Name | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    currency: KeptCurrency | UnsetType | None = UNSET
    balance: Amount | UnsetType | None = UNSET
    balance_as_of: BalanceTime | UnsetType = UNSET
    payment_rules: PaymentRules | UnsetType | None = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET

    def cross_check(self) -> Iterator[Violation]:
        """Yields a time without the balance that is of it."""
        yield from needs_balance(self)


def register_customer(new: NewCustomer, lookup: Lookup, cause: Cause, pointer: str = "") -> Change[Customer] | Refusal:
    """Registers a customer, with the entry that opens its balance. Refuses an unsafe balance or a taken reference.

    `pointer` is where `new` stands in the body that it came in.
    """
    if refusal := refuse_unsafe([new.balance], f"{pointer}/balance", new.currency):
        return refusal
    if taken := refuse_taken("customer", new, lookup, pointer):
        return taken

    customer = Customer(
        id=new_id("bcus_", cause.now),
        external_reference=new.external_reference,
        name=new.name,
        email=new.email,
        phone=new.phone,
        currency=new.currency,
        balance=new.balance,
        payment_rules=new.payment_rules,
        metadata=new.metadata or None,
    )
    return made(customer, lookup.find_rules("customer", customer.currency), opening(customer, cause))
