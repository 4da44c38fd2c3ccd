"""Bills: an amount that a customer is to pay, on its own or for an account, and how much of it was paid."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType, structs

from dues.domain.accounts import Account, NewAccount, OpenedAccount, open_account
from dues.domain.balances import refuse_unsafe
from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Cause, Chain
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
    Reason,
)
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.metadata import merge_metadata
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.records import Change, Record, changed, made
from dues.domain.refusals import Refusal, not_found, reference_taken
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
    """A PATCH of a bill: `amount_paid` is the new total, `reason` why it is, `currency` only says which it is in."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {"id", "external_reference", "customer", "customer_id", "account", "account_id", "amount_due"}
        | {"amount_remaining", "status", "bill_date", "due_date"}
    )

    amount_paid: AmountPaid | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    payment_rules: PaymentRules | UnsetType | None = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET

    def cross_check(self) -> Iterator[Violation]:
        """Yields a reason of nothing."""
        if self.reason not in (UNSET, None) and self.amount_paid in (UNSET, None):
            yield Violation("/reason", "without_amount_paid", "needs an amount_paid: it says why that changes.")


class Bill(Struct, frozen=True, kw_only=True):
    """A bill as stored. Amounts are minor units of `currency`; `payment_rules` None: the merchant's default."""

    noun: ClassVar[Noun] = "bill"

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

    @property
    def outstanding(self) -> int:
        """What is to be paid, in minor units."""
        return self.amount_remaining

    @property
    def payment_max(self) -> int:
        """The most that can be recorded as paid, in minor units."""
        return AMOUNT_MAX - self.amount_paid


class MadeBill(Struct, frozen=True):
    """What making a bill brings into being."""

    bill: Change[Bill]
    account: Change[Account] | None
    customer: Change[Customer] | None


class _Owner(Struct, frozen=True):
    """Who a bill is for, and what comes into being with it."""

    customer_id: str
    currency: str | None
    account_id: str | None = None
    new_account: Change[Account] | None = None
    new_customer: Change[Customer] | None = None


def make_bill(new: NewBill, lookup: Lookup, cause: Cause) -> MadeBill | Refusal:
    """Makes a bill, and with it the account and the customer that come along: all or nothing.

    Refuses, in this order: `amount_out_of_range`; a due date that has passed; what its owner is refused for;
    `owner_mismatch`; `currency_mismatch`; `external_reference_taken`.
    """
    if refusal := refuse_unsafe([new.amount_due], "/amount_due"):
        return refusal
    bill_date = new.bill_date or cause.now.date()
    if new.due_date and new.due_date < bill_date:
        broken = due_too_early(bill_date)
        return Refusal("validation_failed", f"/due_date {broken.detail}", "/due_date", broken.code)
    owner = _account_owner(new, lookup, cause) if new.account else _customer_owner(new, lookup, cause)
    if isinstance(owner, Refusal):
        return owner
    if owner.currency not in (None, new.currency):
        detail = f"The bill is in {new.currency}, but its owner counts in {owner.currency}."
        return Refusal("currency_mismatch", detail, "/currency")
    if lookup.find_id("bill", new.external_reference):
        return reference_taken("bill", new.external_reference, "/external_reference")

    bill = Bill(
        id=new_id("bill_", cause.now),
        external_reference=new.external_reference,
        customer_id=owner.customer_id,
        account_id=owner.account_id,
        currency=new.currency,
        amount_due=new.amount_due,
        amount_paid=0,
        status="unpaid",
        bill_date=bill_date,
        due_date=new.due_date,
        payment_rules=new.payment_rules,
        metadata=new.metadata or None,
    )
    return MadeBill(made(bill, lookup.find_rules("bill", bill.currency)), owner.new_account, owner.new_customer)


def _customer_owner(new: NewBill, lookup: Lookup, cause: Cause) -> _Owner | Refusal:
    if isinstance(new.customer, NewCustomer):
        registered = register_customer(new.customer, lookup, cause, "/customer")
        if isinstance(registered, Refusal):
            return registered
        customer = registered.after.of
        return _Owner(customer.id, customer.currency, new_customer=registered)
    assert new.customer is not None, "cross_check sees to it"
    if (found := lookup.find("customer", new.customer)) is None:
        return not_found("customer", new.customer, "/customer")
    return _Owner(found.of.id, found.of.currency)


def _account_owner(new: NewBill, lookup: Lookup, cause: Cause) -> _Owner | Refusal:
    if isinstance(new.account, NewAccount):
        opened = open_account(new.account, lookup, cause, "/account")
        if isinstance(opened, Refusal):
            return opened
        owner = _owner_of(opened.account.after, opened)
    else:
        assert new.account is not None, "asked for where one is named"
        if (found := lookup.find("account", new.account)) is None:
            return not_found("account", new.account, "/account")
        owner = _owner_of(found)

    if isinstance(new.customer, NewCustomer):
        detail = "A new customer cannot have this account: put it into the account object, or leave it out."
        return Refusal("owner_mismatch", detail, "/customer")
    if new.customer is None:
        return owner
    customer_id = lookup.find_id("customer", new.customer)
    if customer_id is None:
        return not_found("customer", new.customer, "/customer")
    if customer_id != owner.customer_id:
        return Refusal("owner_mismatch", "The account belongs to another customer than the one named.", "/customer")
    return owner


def _owner_of(account: Record[Account], opened: OpenedAccount | None = None) -> _Owner:
    of = account.of
    if opened is None:
        return _Owner(of.customer_id, of.currency, of.id)
    return _Owner(of.customer_id, of.currency, of.id, opened.account, opened.customer)


def update_bill(record: Record[Bill], changes: BillChanges, cause: Cause) -> Change[Bill] | Refusal:
    """The bill after a PATCH, and the entry of what was paid. The rules that it has then hold for it already.

    Refuses `bill_voided`, `currency_mismatch`, `amount_out_of_range`, `overpayment_not_allowed`.
    """
    old = record.of
    if old.status == "voided":
        return Refusal("bill_voided", f"The bill {old.external_reference!r} was voided and cannot be changed.")
    if changes.currency is not UNSET and changes.currency != old.currency:
        return Refusal("currency_mismatch", f"The bill is in {old.currency}.", "/currency")
    paid = old.amount_paid if changes.amount_paid is UNSET else changes.amount_paid
    if refusal := refuse_unsafe([paid], "/amount_paid"):
        return refusal
    own_rules = old.payment_rules if changes.payment_rules is UNSET else changes.payment_rules
    rules = own_rules or record.default_rules
    if paid > max(old.amount_due, old.amount_paid) and not (rules and rules.overpayment_allowed):
        detail = f"{paid} is more than the {old.amount_due} that is due, and overpayment is not allowed."
        return Refusal("overpayment_not_allowed", detail, "/amount_paid")
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata

    chain = Chain(old.id, record.head, cause)
    if paid != old.amount_paid:
        reason = None if changes.reason is UNSET else changes.reason
        chain.add("adjustment", old.currency, paid - old.amount_paid, reason)
    new = structs.replace(record_paid(old, paid - old.amount_paid), payment_rules=own_rules, metadata=metadata)
    return changed(record, new, chain.entries)


def record_paid(old: Bill, amount: int) -> Bill:
    """The bill of which `amount` more was paid (negative: less); its status follows."""
    paid = old.amount_paid + amount
    status: BillStatus = "paid" if paid >= old.amount_due else "unpaid"
    return structs.replace(old, amount_paid=paid, status=status)


def void_bill(record: Record[Bill]) -> Change[Bill] | Refusal:
    """The bill, voided for good. Refuses one that is voided already, or of which anything was paid."""
    old = record.of
    if old.status == "voided":
        return Refusal("bill_voided", f"The bill {old.external_reference!r} was voided already.")
    if old.amount_paid:
        detail = f"{old.amount_paid} of the bill {old.external_reference!r} was paid, so it cannot be voided."
        return Refusal("bill_paid", detail)
    return changed(record, structs.replace(old, status="voided"))


def due_too_early(bill_date: date) -> Violation:
    """What is wrong with a due date before the bill's own."""
    return Violation("/due_date", "before_bill_date", f"must not be before the bill's date, {bill_date}.")
