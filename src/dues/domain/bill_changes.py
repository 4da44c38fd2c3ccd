"""What becomes of a bill: changed by hand, voided, overdue; and how its status follows from its amounts."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType, structs

from dues.domain.balances import refuse_unknown, refuse_unsafe
from dues.domain.bills import Bill, BillStatus
from dues.domain.entries import Cause, Chain
from dues.domain.fields import AmountPaid, KeptCurrency, MetadataChanges, Reason
from dues.domain.metadata import merge_metadata
from dues.domain.money import written
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Change, Record, changed
from dues.domain.refusals import Refusal
from dues.domain.violations import Violation


class BillChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PATCH of a bill: `amount_paid` is the new total, `reason` why it is, `currency` only says which it is in."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {"id", "external_reference", "customer", "customer_id", "account", "account_id", "amount_due"}
        | {"amount_remaining", "status", "bill_date", "due_date"}
    )

    amount_paid: AmountPaid | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    currency: KeptCurrency | UnsetType = UNSET
    payment_rules: PaymentRules | UnsetType | None = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET

    def cross_check(self) -> Iterator[Violation]:
        """Yields a reason of nothing."""
        if self.reason not in (UNSET, None) and self.amount_paid in (UNSET, None):
            yield Violation("/reason", "without_amount_paid", "needs an amount_paid: it says why that changes.")


def update_bill(record: Record[Bill], changes: BillChanges, cause: Cause) -> Change[Bill] | Refusal:
    """The bill after a PATCH, and the entry of what was paid. The rules that it has then hold for it already.

    Refuses `bill_voided`, `currency_mismatch`, `amount_out_of_range`, `below_payments`, `overpayment_not_allowed`.
    """
    old = record.of
    if old.status == "voided":
        return Refusal("bill_voided", f"The bill {old.external_reference!r} was voided and cannot be changed.")
    if changes.currency is not UNSET and (unknown := refuse_unknown(changes.currency, [old.currency])):
        return unknown
    if changes.currency is not UNSET and changes.currency != old.currency:
        return Refusal("currency_mismatch", f"The bill is in {old.currency}.", "/currency")
    paid = old.amount_paid if changes.amount_paid is UNSET else changes.amount_paid
    own_rules = old.payment_rules if changes.payment_rules is UNSET else changes.payment_rules
    if refusal := _refuse_paid(old, paid, own_rules or record.default_rules):
        return refusal
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata

    chain = Chain(old.id, record.head, cause)
    if paid != old.amount_paid:
        reason = None if changes.reason is UNSET else changes.reason
        chain.add("adjustment", old.currency, paid - old.amount_paid, reason)
    new = structs.replace(settle(old, paid=paid - old.amount_paid), payment_rules=own_rules, metadata=metadata)
    return changed(record, new, chain.entries)


def _refuse_paid(old: Bill, paid: int, rules: PaymentRules | None) -> Refusal | None:
    """Refuses a total that cannot be what was paid."""
    if refusal := refuse_unsafe([paid, paid + old.amount_credited], "/amount_paid", old.currency):
        return refusal
    if paid < min(old.amount_applied, old.amount_paid):
        applied = written(old.amount_applied, old.currency)
        detail = f"{applied} of it came by payments that stand. Reverse or unapply a payment to take its money back."
        return Refusal("below_payments", detail, "/amount_paid")
    most = max(old.amount_due - old.amount_credited, old.amount_paid)
    if paid > most and not (rules and rules.overpayment_allowed):
        due = written(max(0, old.amount_due - old.amount_credited), old.currency)
        detail = f"{written(paid, old.currency)} is more than the {due} that is due, and overpayment is not allowed."
        return Refusal("overpayment_not_allowed", detail, "/amount_paid")
    return None


def settle(old: Bill, *, paid: int = 0, applied: int = 0, credited: int = 0) -> Bill:
    """The bill of which so much more was paid, and by payments applied, and credited (negative: less)."""
    new = structs.replace(
        old,
        amount_paid=old.amount_paid + paid,
        amount_applied=old.amount_applied + applied,
        amount_credited=old.amount_credited + credited,
    )
    if old.status == "voided":
        return new
    status: BillStatus = "paid" if new.amount_settled >= new.amount_due else "unpaid"
    return structs.replace(new, status=status)


def void_bill(record: Record[Bill], cause: Cause) -> Change[Bill] | Refusal:
    """The bill, voided for good. Refuses one that is voided already, or of which anything was paid."""
    old = record.of
    if old.status == "voided":
        return Refusal("bill_voided", f"The bill {old.external_reference!r} was voided already.")
    if paid := max(old.amount_paid, old.amount_applied):
        detail = (
            f"{written(paid, old.currency)} of the bill {old.external_reference!r} was paid, so it cannot be voided."
        )
        return Refusal("bill_paid", detail)
    return changed(record, structs.replace(old, status="voided", voided_at=cause.now))


def tell_overdue(record: Record[Bill], today: date) -> Change[Bill] | None:
    """The bill once it is told that it is overdue; None where it is not, or was told before."""
    old = record.of
    if old.status != "unpaid" or old.due_date is None or old.due_date >= today or old.overdue_on is not None:
        return None
    return changed(record, structs.replace(old, overdue_on=today))
