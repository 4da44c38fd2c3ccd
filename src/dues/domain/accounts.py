"""Accounts: one thing a customer pays for, with its own reference and, if it is tracked, its own balance."""

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType

from dues.domain.balances import needs_currency, outstanding, payment_max, refuse_unsafe
from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Cause
from dues.domain.fields import (
    AccountReference,
    Amount,
    BalanceTime,
    Currency,
    CustomerName,
    KeptCurrency,
    Metadata,
    MetadataChanges,
    Name,
)
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.owners import needs_balance, opening
from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.records import Change, made
from dues.domain.refusals import Refusal, not_found
from dues.domain.taken import refuse_taken
from dues.domain.violations import Violation


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An account to be opened, for a customer who exists (by id or reference) or comes along (as an object)."""

    customer: CustomerName | NewCustomer
    external_reference: AccountReference
    name: Name | None = None
    currency: Currency | None = None
    balance: Amount | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a balance without its currency."""
        yield from needs_currency(self.balance, self.currency)


class Account(Struct, frozen=True, kw_only=True):
    """An account as stored. `balance` is in minor units of `currency`; None: no balance is tracked.

    `payment_rules` are its own; None: the merchant's default for its currency applies.
    """

    noun: ClassVar[Noun] = "account"

    id: str
    external_reference: str
    customer_id: str
    name: str | None = None
    currency: str | None = None
    balance: int | None = None
    payment_rules: PaymentRules | None = None
    metadata: dict[str, str] | None = None

    @property
    def outstanding(self) -> int | None:
        """What is to be paid, in minor units; None: no amount is tracked."""
        return outstanding(self.balance)

    @property
    def payment_max(self) -> int:
        """The most that can be recorded as paid, in minor units."""
        return payment_max(self.balance)


class AccountChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PATCH of an account: what is not sent stays, null clears."""

    read_only: ClassVar[frozenset[str]] = frozenset({"id", "customer", "customer_id", "external_reference"})

    name: Name | UnsetType | None = UNSET
    currency: KeptCurrency | UnsetType | None = UNSET
    balance: Amount | UnsetType | None = UNSET
    balance_as_of: BalanceTime | UnsetType = UNSET
    payment_rules: PaymentRules | UnsetType | None = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET

    def cross_check(self) -> Iterator[Violation]:
        """Yields a time without the balance that is of it."""
        yield from needs_balance(self)


class OpenedAccount(Struct, frozen=True):
    """What opening an account brings into being."""

    account: Change[Account]
    customer: Change[Customer] | None
    """The new one, where one came along."""


def open_account(new: NewAccount, lookup: Lookup, cause: Cause, pointer: str = "") -> OpenedAccount | Refusal:
    """Opens an account, and registers its customer if one comes along: both or neither.

    Refuses, in this order: `amount_out_of_range`, `customer_not_found`, `external_reference_taken`
    (the new customer's, then the account's). `pointer` is where `new` stands in the body that it came in.
    """
    if refusal := refuse_unsafe([new.balance], f"{pointer}/balance", new.currency):
        return refusal

    customer: Change[Customer] | None = None
    if isinstance(new.customer, NewCustomer):
        registered = register_customer(new.customer, lookup, cause, f"{pointer}/customer")
        if isinstance(registered, Refusal):
            return registered
        customer, customer_id = registered, registered.after.of.id
    elif found := lookup.find_id("customer", new.customer):
        customer_id = found
    else:
        return not_found("customer", new.customer, f"{pointer}/customer")

    if taken := refuse_taken("account", new, lookup, pointer):
        return taken

    account = Account(
        id=new_id("bacc_", cause.now),
        external_reference=new.external_reference,
        customer_id=customer_id,
        name=new.name,
        currency=new.currency,
        balance=new.balance,
        payment_rules=new.payment_rules,
        metadata=new.metadata or None,
    )
    rules = lookup.find_rules("account", account.currency)
    return OpenedAccount(made(account, rules, opening(account, cause)), customer)
