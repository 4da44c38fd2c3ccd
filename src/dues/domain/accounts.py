"""Accounts: one thing a customer pays for, with its own reference and, if it is tracked, its own balance."""

from collections.abc import Iterator

from msgspec import Struct

from dues.domain.balances import needs_currency, refuse_unsafe, tracked
from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.fields import AccountReference, Amount, Currency, CustomerName, Metadata, Name
from dues.domain.ids import new_id
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


class Surroundings(Struct, frozen=True):
    """What was read for one request: who its customer is, and which references are taken."""

    customer_id: str | None
    """The existing customer's id; for a new customer object, that of whoever has its reference already."""
    account_reference_taken: bool


class OpenedAccount(Struct, frozen=True):
    """What opening an account brings into being."""

    account: Account
    new_customer: Customer | None
    entries: list[Entry]


def open_account(request: NewAccount, found: Surroundings, cause: Cause) -> OpenedAccount | Refusal:
    """Opens an account, and registers its customer if one comes along: both or neither.

    Refuses, in this order: `amount_out_of_range`, `customer_not_found`, `external_reference_taken`
    (the new customer's, then the account's).
    """
    if refusal := refuse_unsafe([request.balance], "/balance"):
        return refusal

    new_customer, entries = None, list[Entry]()
    if isinstance(request.customer, NewCustomer):
        registered = register_customer(
            request.customer, reference_taken=found.customer_id is not None, cause=cause, pointer="/customer"
        )
        if isinstance(registered, Refusal):
            return registered
        new_customer, entries = registered
        customer_id = new_customer.id
    elif found.customer_id is None:
        return Refusal("customer_not_found", f"There is no customer {request.customer!r}.", "/customer")
    else:
        customer_id = found.customer_id

    if found.account_reference_taken:
        return Refusal(
            "external_reference_taken",
            f"Another account already has the external_reference {request.external_reference!r}.",
            "/external_reference",
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
    chain.track(None, tracked(account.currency, account.balance))
    return OpenedAccount(account, new_customer, [*entries, *chain.entries])
