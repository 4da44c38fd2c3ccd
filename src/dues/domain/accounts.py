"""Accounts: one thing a customer pays for, with its own reference and, if it is tracked, its own balance."""

from collections.abc import Iterator
from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType, structs

from dues.domain.balances import Balance, change_balance, needs_currency, refuse_unsafe
from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.fields import AccountReference, Amount, Currency, CustomerName, Metadata, MetadataChanges, Name
from dues.domain.ids import new_id
from dues.domain.metadata import merge_metadata
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
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

    id: str
    external_reference: str
    customer_id: str
    name: str | None = None
    currency: str | None = None
    balance: int | None = None
    payment_rules: PaymentRules | None = None
    metadata: dict[str, str] | None = None


class AccountChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PATCH of an account: what is not sent stays, null clears."""

    read_only: ClassVar[frozenset[str]] = frozenset({"id", "customer", "customer_id", "external_reference"})

    name: Name | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    balance: Amount | UnsetType | None = UNSET
    payment_rules: PaymentRules | UnsetType | None = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET


class Surroundings(Struct, frozen=True):
    """What was read for one request: who its customer is, and which references are taken."""

    customer_id: str | None
    """The existing customer's id; for a new customer object, that of whoever has its reference already."""
    account_reference_taken: bool


class OpenedAccount(Struct, frozen=True):
    """What opening an account brings into being."""

    account: Account
    entries: list[Entry]
    new_customer: Customer | None
    customer_entries: list[Entry]


def open_account(request: NewAccount, found: Surroundings, cause: Cause, pointer: str = "") -> OpenedAccount | Refusal:
    """Opens an account, and registers its customer if one comes along: both or neither.

    Refuses, in this order: `amount_out_of_range`, `customer_not_found`, `external_reference_taken`
    (the new customer's, then the account's). `pointer` is where `request` stands in the body that it came in.
    """
    if refusal := refuse_unsafe([request.balance], f"{pointer}/balance"):
        return refusal

    new_customer, customer_entries = None, list[Entry]()
    if isinstance(request.customer, NewCustomer):
        registered = register_customer(
            request.customer, reference_taken=found.customer_id is not None, cause=cause, pointer=f"{pointer}/customer"
        )
        if isinstance(registered, Refusal):
            return registered
        new_customer, customer_entries = registered
        customer_id = new_customer.id
    elif found.customer_id is None:
        return Refusal("customer_not_found", f"There is no customer {request.customer!r}.", f"{pointer}/customer")
    else:
        customer_id = found.customer_id

    if found.account_reference_taken:
        return Refusal(
            "external_reference_taken",
            f"Another account already has the external_reference {request.external_reference!r}.",
            f"{pointer}/external_reference",
        )

    account = Account(
        id=new_id("bacc_", cause.now),
        external_reference=request.external_reference,
        customer_id=customer_id,
        name=request.name,
        currency=request.currency,
        balance=request.balance,
        payment_rules=request.payment_rules,
        metadata=request.metadata or None,
    )
    chain = Chain(account.id, Head(), cause)
    chain.track(None, Balance(account.currency, account.balance).tracked)
    return OpenedAccount(account, chain.entries, new_customer, customer_entries)


def update_account(
    old: Account, changes: AccountChanges, head: Head, cause: Cause
) -> tuple[Account, list[Entry]] | Refusal:
    """The account after a PATCH, and the entries of what that did to its balance."""
    chain = Chain(old.id, head, cause)
    balance = change_balance(Balance(old.currency, old.balance), changes.currency, changes.balance, chain)
    if isinstance(balance, Refusal):
        return balance
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata
    new = structs.replace(
        old,
        name=old.name if changes.name is UNSET else changes.name,
        currency=balance.currency,
        balance=balance.amount,
        payment_rules=old.payment_rules if changes.payment_rules is UNSET else changes.payment_rules,
        metadata=metadata,
    )
    return new, chain.entries
