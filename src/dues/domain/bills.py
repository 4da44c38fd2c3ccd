"""Bills: an amount that a customer is to pay, on its own or for an account, and how much of it was paid."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType, structs

from dues.domain.accounts import Account, NewAccount, OpenedAccount, Surroundings, open_account
from dues.domain.balances import refuse_unsafe
from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Cause, Chain, Entry, Head
from dues.domain.fields import (
    AccountName,
    AmountDue,
    AmountPaid,
    BillReference,
    Currency,
    CustomerName,
    Day,
    Metadata,
    MetadataChanges,
)
from dues.domain.ids import new_id
from dues.domain.metadata import merge_metadata
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation

BillStatus = Literal["unpaid", "paid", "voided"]


class NewBill(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bill to be made: for a customer or for an account, each existing (by id or reference) or coming along."""

    external_reference: BillReference
    currency: Currency
    amount_due: AmountDue
    customer: CustomerName | NewCustomer | None = None
    account: AccountName | NewAccount | None = None
    bill_date: Day | None = None
    due_date: Day | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a bill for nobody, and one that is due before it is made."""
        if self.customer is None and self.account is None:
            yield Violation("/customer", "required", "is required, unless the bill names an account.")
        if self.bill_date and self.due_date and self.due_date < self.bill_date:
            yield due_too_early(self.bill_date)


class BillChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PATCH of a bill: `amount_paid` is the new total, `currency` only says which one it is in."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {"id", "external_reference", "customer", "customer_id", "account", "account_id", "amount_due"}
        | {"amount_remaining", "status", "bill_date", "due_date"}
    )

    amount_paid: AmountPaid | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    payment_rules: PaymentRules | UnsetType | None = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET


class Bill(Struct, frozen=True, kw_only=True):
    """A bill as stored. Amounts are minor units of `currency`; `payment_rules` None: the merchant's default."""

    id: str
    external_reference: str
    customer_id: str
    account_id: str | None
    currency: str
    amount_due: int
    amount_paid: int
    status: BillStatus
    bill_date: date
    due_date: date | None
    payment_rules: PaymentRules | None
    metadata: dict[str, str] | None

    @property
    def amount_remaining(self) -> int:
        """What is still to be paid; nothing where more was paid than is due."""
        return max(0, self.amount_due - self.amount_paid)


class Owner(Struct, frozen=True):
    """An existing customer or account, as far as a bill needs to know it."""

    customer_id: str
    currency: str | None
    account_id: str | None = None


class BillSurroundings(Struct, frozen=True):
    """What was read for one request."""

    customer: Owner | None
    """Whoever `customer` names; for a new customer object, whoever has its reference already."""
    account: Owner | None
    """Whatever `account` names; for a new account object, None."""
    new_account: Surroundings
    """What stands around a new account object."""
    reference_taken: bool


class MadeBill(Struct, frozen=True):
    """What making a bill brings into being."""

    bill: Bill
    new_account: Account | None
    account_entries: Sequence[Entry]
    new_customer: Customer | None
    customer_entries: Sequence[Entry]


class _Owned(Struct, frozen=True):
    """Who a bill is for, and what came into being with it."""

    owner: Owner
    account: Account | None = None
    account_entries: Sequence[Entry] = ()
    customer: Customer | None = None
    customer_entries: Sequence[Entry] = ()


def make_bill(request: NewBill, found: BillSurroundings, cause: Cause) -> MadeBill | Refusal:
    """Makes a bill, and with it the account and the customer that come along: all or nothing.

    Refuses, in this order: `amount_out_of_range`; a due date that has passed; what its owner is refused for;
    `owner_mismatch`; `currency_mismatch`; `external_reference_taken`.
    """
    if refusal := refuse_unsafe([request.amount_due], "/amount_due"):
        return refusal
    bill_date = request.bill_date or cause.now.date()
    if request.due_date and request.due_date < bill_date:
        broken = due_too_early(bill_date)
        return Refusal("validation_failed", f"/due_date {broken.detail}", "/due_date", broken.code)
    owned = _account_owner(request, found, cause) if request.account else _customer_owner(request, found, cause)
    if isinstance(owned, Refusal):
        return owned
    if owned.owner.currency not in (None, request.currency):
        detail = f"The bill is in {request.currency}, but its owner counts in {owned.owner.currency}."
        return Refusal("currency_mismatch", detail, "/currency")
    if found.reference_taken:
        detail = f"Another bill already has the external_reference {request.external_reference!r}."
        return Refusal("external_reference_taken", detail, "/external_reference")

    bill = Bill(
        id=new_id("bill_", cause.now),
        external_reference=request.external_reference,
        customer_id=owned.owner.customer_id,
        account_id=owned.owner.account_id,
        currency=request.currency,
        amount_due=request.amount_due,
        amount_paid=0,
        status="unpaid",
        bill_date=bill_date,
        due_date=request.due_date,
        payment_rules=request.payment_rules,
        metadata=request.metadata or None,
    )
    return MadeBill(bill, owned.account, owned.account_entries, owned.customer, owned.customer_entries)


def _customer_owner(request: NewBill, found: BillSurroundings, cause: Cause) -> _Owned | Refusal:
    if isinstance(request.customer, NewCustomer):
        registered = register_customer(
            request.customer, reference_taken=found.customer is not None, cause=cause, pointer="/customer"
        )
        if isinstance(registered, Refusal):
            return registered
        customer, entries = registered
        return _Owned(Owner(customer.id, customer.currency), customer=customer, customer_entries=entries)
    if found.customer is None:
        return Refusal("customer_not_found", f"There is no customer {request.customer!r}.", "/customer")
    return _Owned(found.customer)


def _account_owner(request: NewBill, found: BillSurroundings, cause: Cause) -> _Owned | Refusal:
    if isinstance(request.account, NewAccount):
        opened = open_account(request.account, found.new_account, cause, pointer="/account")
        if isinstance(opened, Refusal):
            return opened
        owned = _owned_by_new(opened)
    elif found.account is None:
        return Refusal("account_not_found", f"There is no account {request.account!r}.", "/account")
    else:
        owned = _Owned(found.account)

    if isinstance(request.customer, NewCustomer):
        detail = "A new customer cannot have this account: put it into the account object, or leave it out."
        return Refusal("owner_mismatch", detail, "/customer")
    if request.customer is None:
        return owned
    if found.customer is None:
        return Refusal("customer_not_found", f"There is no customer {request.customer!r}.", "/customer")
    if found.customer.customer_id != owned.owner.customer_id:
        return Refusal("owner_mismatch", "The account belongs to another customer than the one named.", "/customer")
    return owned


def _owned_by_new(opened: OpenedAccount) -> _Owned:
    account = opened.account
    owner = Owner(account.customer_id, account.currency, account.id)
    return _Owned(owner, account, opened.entries, opened.new_customer, opened.customer_entries)


def update_bill(
    old: Bill, changes: BillChanges, default_rules: PaymentRules | None, head: Head, cause: Cause
) -> tuple[Bill, list[Entry]] | Refusal:
    """The bill after a PATCH, and the entry of what was paid. The rules that it has then hold for it already.

    Refuses `bill_voided`, `currency_mismatch`, `amount_out_of_range`, `overpayment_not_allowed`.
    """
    if old.status == "voided":
        return Refusal("bill_voided", f"The bill {old.external_reference!r} was voided and cannot be changed.")
    if changes.currency is not UNSET and changes.currency != old.currency:
        return Refusal("currency_mismatch", f"The bill is in {old.currency}.", "/currency")
    paid = old.amount_paid if changes.amount_paid is UNSET else changes.amount_paid
    if refusal := refuse_unsafe([paid], "/amount_paid"):
        return refusal
    own_rules = old.payment_rules if changes.payment_rules is UNSET else changes.payment_rules
    rules = own_rules or default_rules
    if paid > max(old.amount_due, old.amount_paid) and not (rules and rules.overpayment_allowed):
        detail = f"{paid} is more than the {old.amount_due} that is due, and overpayment is not allowed."
        return Refusal("overpayment_not_allowed", detail, "/amount_paid")
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata

    chain = Chain(old.id, head, cause)
    if paid != old.amount_paid:
        chain.add("adjustment", old.currency, paid - old.amount_paid)
    new = record_paid(old, paid - old.amount_paid)
    return structs.replace(new, payment_rules=own_rules, metadata=metadata), chain.entries


def record_paid(old: Bill, amount: int) -> Bill:
    """The bill of which `amount` more was paid (negative: less); its status follows."""
    paid = old.amount_paid + amount
    status: BillStatus = "paid" if paid >= old.amount_due else "unpaid"
    return structs.replace(old, amount_paid=paid, status=status)


def void_bill(old: Bill) -> Bill | Refusal:
    """The bill, voided for good. Refuses one that is voided already, or of which anything was paid."""
    if old.status == "voided":
        return Refusal("bill_voided", f"The bill {old.external_reference!r} was voided already.")
    if old.amount_paid:
        detail = f"{old.amount_paid} of the bill {old.external_reference!r} was paid, so it cannot be voided."
        return Refusal("bill_paid", detail)
    return structs.replace(old, status="voided")


def due_too_early(bill_date: date) -> Violation:
    """What is wrong with a due date before the bill's own."""
    return Violation("/due_date", "before_bill_date", f"must not be before the bill's date, {bill_date}.")
