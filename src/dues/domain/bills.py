"""Bills: an amount that a customer is to pay, on its own or for an account, and how much of it was paid."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Struct

from dues.domain.accounts import Account, NewAccount, OpenedAccount, open_account
from dues.domain.balances import refuse_unsafe
from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Cause
from dues.domain.fields import (
    AccountName,
    AmountDue,
    BillReference,
    Currency,
    CustomerName,
    Day,
    Metadata,
    says,
)
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import Noun, PaymentRules
from dues.domain.records import Change, Record, made
from dues.domain.refusals import Refusal, not_found
from dues.domain.taken import refuse_taken
from dues.domain.violations import Violation

BillStatus = Literal["unpaid", "paid", "voided"]


class NewBill(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bill to be made: for a customer or for an account, each existing (by id or reference) or coming along."""

    external_reference: BillReference
    currency: Currency
    amount_due: AmountDue
    customer: CustomerName | NewCustomer | None = None
    account: AccountName | NewAccount | None = None
    bill_date: (
        Annotated[
            Day, says("YYYY-MM-DD. Where it is not said: today for the merchant, or `due_date` if that is earlier.")
        ]
        | None
    ) = None
    due_date: Day | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None

    def cross_check(self) -> Iterator[Violation]:
        """Yields a bill for nobody, and one that is due before it is made."""
        if self.customer is None and self.account is None:
            yield Violation("/customer", "required", "is required, unless the bill names an account.")
        if self.bill_date and self.due_date and self.due_date < self.bill_date:
            yield Violation("/due_date", "before_bill_date", f"must not be before the bill's date, {self.bill_date}.")


class Bill(Struct, frozen=True, kw_only=True):
    """A bill as stored. Amounts are minor units of `currency`; `payment_rules` None: the merchant's default.

    `amount_applied` is what of `amount_paid` came by payments that stand; the rest was recorded by hand. `overdue_on`
    is the merchant's day on which it was told that the bill is overdue.
    """

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
    amount_applied: int = 0
    amount_credited: int = 0
    voided_at: datetime | None = None
    overdue_on: date | None = None

    @property
    def amount_settled(self) -> int:
        """What was paid of it and what it was lowered by: the balance of its ledger."""
        return self.amount_paid + self.amount_credited

    @property
    def amount_remaining(self) -> int:
        """What is still to be paid; nothing where more was settled than is due."""
        return max(0, self.amount_due - self.amount_settled)

    @property
    def outstanding(self) -> int:
        """What is to be paid, in minor units: nothing of a voided bill."""
        return 0 if self.status == "voided" else self.amount_remaining

    @property
    def payment_max(self) -> int:
        """The most that can be recorded as paid, in minor units."""
        return AMOUNT_MAX - self.amount_settled


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

    Refuses, in this order: `amount_out_of_range`; what its owner is refused for; `owner_mismatch`;
    `currency_mismatch`; `external_reference_taken`.
    """
    if refusal := refuse_unsafe([new.amount_due], "/amount_due", new.currency):
        return refusal
    owner = _account_owner(new, lookup, cause) if new.account else _customer_owner(new, lookup, cause)
    if isinstance(owner, Refusal):
        return owner
    if owner.currency not in (None, new.currency):
        detail = f"The bill is in {new.currency}, but its owner counts in {owner.currency}."
        return Refusal("currency_mismatch", detail, "/currency")
    if taken := refuse_taken("bill", new, lookup):
        return taken

    bill = Bill(
        id=new_id("bill_", cause.now),
        external_reference=new.external_reference,
        customer_id=owner.customer_id,
        account_id=owner.account_id,
        currency=new.currency,
        amount_due=new.amount_due,
        amount_paid=0,
        status="unpaid",
        bill_date=new.bill_date or min(filter(None, (cause.today, new.due_date))),
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
