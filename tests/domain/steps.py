"""What can happen to money that is owed, step by step, and the books that the domain keeps of it, in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct, structs

from dues.domain.accounts import Account, AccountChanges
from dues.domain.adjustments import NewAdjustment
from dues.domain.allocation import Part
from dues.domain.bill_changes import BillChanges, update_bill, void_bill
from dues.domain.bills import Bill
from dues.domain.customers import Customer, CustomerChanges
from dues.domain.entries import Cause, Entry
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation, Owed
from dues.domain.owners import adjust_owner, opening, update_owner
from dues.domain.payment_rules import PaymentRules
from dues.domain.payments import MadePayment, Payment, find_target, make_payment
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from tests.domain.owed import CAUSE, head_of
from tests.domain.there import There


class Pay(Struct, frozen=True):
    """A payment of everything, of named `parts`, or spread over the oldest bills first."""

    target: str
    amount: int
    currency: str = "ZAR"
    parts: tuple[tuple[str, int], ...] = ()
    oldest_first: bool = False


class Reverse(Struct, frozen=True):
    """The payment of this number is taken back."""

    number: int


class Void(Struct, frozen=True):
    """A bill is voided."""

    bill: str


class SetPaid(Struct, frozen=True):
    """A PATCH of a bill's `amount_paid`."""

    bill: str
    total: int


class SetBalance(Struct, frozen=True):
    """A PATCH of a balance and its currency; None: it is tracked no more."""

    owner: str
    currency: str
    balance: int | None


class SetRules(Struct, frozen=True):
    """A PATCH of a thing's own rules; None: the merchant's hold."""

    of: str
    rules: PaymentRules | None


class Adjust(Struct, frozen=True):
    """A signed delta to a balance."""

    owner: str
    amount: int


Step = Pay | Reverse | Void | SetPaid | SetBalance | SetRules | Adjust


class Books:
    """Bills, an account and a customer, with every entry and every payment; nothing of a refused step stays."""

    def __init__(self, opened: Sequence[Bill | Account | Customer], default: PaymentRules | None) -> None:
        self.objects = {one.id: one for one in opened}
        self.chains: dict[str, list[Entry]] = {one.id: [] for one in opened}
        self.payments: list[Payment] = []
        self._default = default
        self._steps = 0
        for one in opened:
            if not isinstance(one, Bill):
                self.chains[one.id] = list(opening(one, CAUSE))

    def everything(self) -> bytes:
        """All that they say, to be compared."""
        return msgspec.json.encode((self.objects, self.chains, self.payments))

    def amount(self, id_: str) -> int | None:
        """What was paid of a bill, or a balance."""
        one = self.objects[id_]
        return one.amount_paid if isinstance(one, Bill) else one.balance

    def take(self, step: Step) -> Refusal | None:
        """Does it, or says why not."""
        self._steps += 1
        # Servers' clocks differ: every other step comes from one that is behind.
        now = CAUSE.now + timedelta(seconds=self._steps * (1 if self._steps % 2 else -1))
        cause = structs.replace(CAUSE, now=now, request_id=f"req_{self._steps}")
        match step:
            case Pay():
                return self._kept(self._pay(step, cause))
            case Reverse():
                payment = self.payments[step.number]
                owed = [self._owed(one.owner_id) for one in payment.applications]
                reversal = NewReversal(reason="bounced")
                return self._kept(reverse_payment(Record(payment, events=1), owed, reversal, cause), step.number)
            case Void():
                return self._changed(void_bill(self._bill(step.bill)))
            case SetPaid():
                return self._changed(update_bill(self._bill(step.bill), BillChanges(amount_paid=step.total), cause))
            case SetBalance():
                return self._patch(step.owner, {"currency": step.currency, "balance": step.balance}, cause)
            case SetRules():
                if isinstance(self.objects[step.of], Bill):
                    changes = BillChanges(payment_rules=step.rules)
                    return self._changed(update_bill(self._bill(step.of), changes, cause))
                return self._patch(step.of, {"payment_rules": step.rules}, cause)
            case Adjust():
                return self._changed(
                    adjust_owner(
                        self._owed(step.owner), NewAdjustment(amount=step.amount, reason="Interest"), None, cause
                    )
                )

    def _pay(self, step: Pay, cause: Cause) -> MadePayment | Refusal:
        noun = self.objects[step.target].noun
        body: dict[str, Any] = {noun: step.target}
        bills: list[Owed] = []
        if step.parts:
            body["parts"] = [Part(bill=bill, amount=amount) for bill, amount in step.parts]
            bills = [self._owed(bill) for bill, _ in step.parts]
        elif step.oldest_first:
            body["allocation"] = "oldest_due_first"
            bills = [self._owed(bill.id) for bill in self.open_bills(step.target)]
        request = NewPayment(external_reference=cause.request_id, amount=step.amount, currency=step.currency, **body)
        assert list(request.cross_check()) == []
        target = find_target(request, There(*(self._owed(one) for one in self.objects)))
        return target if isinstance(target, Refusal) else make_payment(request, target, bills, None, cause)

    def open_bills(self, owner: str) -> list[Bill]:
        """The unpaid bills of an account or a customer, oldest first."""
        bills = [one for one in self.objects.values() if isinstance(one, Bill) and one.status == "unpaid"]
        return [bill for bill in bills if owner in (bill.account_id, bill.customer_id)]

    def _kept(self, outcome: MadePayment | Refusal, number: int | None = None) -> Refusal | None:
        if isinstance(outcome, Refusal):
            return outcome
        payment = outcome.payment.after.of
        if number is None:
            self.payments.append(payment)
        else:
            self.payments[number] = payment
        for paid in outcome.paid:
            self._changed(paid)
        return None

    def _patch(self, id_: str, changes: dict[str, Any], cause: Cause) -> Refusal | None:
        record = self._owed(id_)
        shape = AccountChanges if isinstance(record.of, Account) else CustomerChanges
        return self._changed(update_owner(record, shape(**changes), self._default, cause))

    def _changed(self, outcome: Change[Any] | Refusal) -> Refusal | None:
        if isinstance(outcome, Refusal):
            return outcome
        changed: Obligation = outcome.after.of
        self.objects[changed.id] = changed
        self.chains[changed.id].extend(outcome.entries)
        assert outcome.after.head == head_of(self.chains[changed.id])
        return None

    def _owed(self, id_: str) -> Owed:
        return Record(self.objects[id_], self._default, head_of(self.chains[id_]), 1)

    def _bill(self, id_: str) -> Record[Bill]:
        bill = self.objects[id_]
        assert isinstance(bill, Bill)
        return Record(bill, self._default, head_of(self.chains[id_]), 1)
