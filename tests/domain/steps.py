"""What can happen to money that is owed, step by step, and the books that the domain keeps of it, in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct, structs

from dues.domain.accounts import Account, AccountChanges
from dues.domain.adjustments import NewAdjustment
from dues.domain.allocation import Part
from dues.domain.applications import ApplicationPart, Moved, Unapply, apply_oldest_first, apply_parts, unapply
from dues.domain.bill_changes import BillChanges, settle, update_bill, void_bill
from dues.domain.bills import Bill
from dues.domain.credits import Credit, NewCredit, NewCreditReversal, credit_bill, reverse_credit
from dues.domain.customers import Customer, CustomerChanges
from dues.domain.entries import Cause, Chain, Entry
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Owed
from dues.domain.owners import adjust_owner, opening, update_owner
from dues.domain.payment_rules import PaymentRules
from dues.domain.payments import Payment, find_represented, find_target, make_payment
from dues.domain.records import Change, Record, changed
from dues.domain.refunds import NewRefund, Refund, refund_payment
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from tests.domain.owed import CAUSE, head_of
from tests.domain.there import There


class Pay(Struct, frozen=True):
    """A payment of everything, of named `parts`, or spread over the oldest bills first; what is not taken may be held.

    `represents` is the number of a payment that comes again with it, under the same reference.
    """

    target: str
    amount: int
    currency: str = "ZAR"
    parts: tuple[tuple[str, int], ...] = ()
    oldest_first: bool = False
    hold: bool = False
    represents: int | None = None


class Reverse(Struct, frozen=True):
    """The payment of this number is taken back."""

    number: int


class Apply(Struct, frozen=True):
    """Parts of what is held of a payment go to bills or balances."""

    number: int
    parts: tuple[tuple[str, int], ...]


class ApplyOldestFirst(Struct, frozen=True):
    """What is held of a payment goes over somebody's open bills."""

    number: int
    owner: str


class TakeBack(Struct, frozen=True):
    """What a payment has somewhere, or so much of it, is held again."""

    number: int
    where: str
    amount: int | None = None


class GiveBack(Struct, frozen=True):
    """So much of a payment is refunded."""

    number: int
    amount: int


class Lower(Struct, frozen=True):
    """A bill is credited."""

    bill: str
    amount: int


class Raise(Struct, frozen=True):
    """The credit of this number is taken back."""

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


class SetPaidAsOnce(Struct, frozen=True):
    """What a PATCH of `amount_paid`, and a void after it, could do before payments stood in their way."""

    bill: str
    total: int
    void: bool


OfPayment = Reverse | Apply | ApplyOldestFirst | TakeBack | GiveBack
Step = Pay | OfPayment | Lower | Raise | Void | SetPaid | SetBalance | SetRules | Adjust | SetPaidAsOnce


class Books:
    """Bills, an account and a customer; every entry, payment, credit and refund. Of a refused step nothing stays."""

    def __init__(self, opened: Sequence[Bill | Account | Customer], default: PaymentRules | None) -> None:
        self.objects: dict[str, Bill | Account | Customer] = {one.id: one for one in opened}
        self.chains: dict[str, list[Entry]] = {one.id: [] for one in opened}
        self.payments: list[Payment] = []
        self.credits: list[Credit] = []
        self.refunds: list[Refund] = []
        self._default = default
        self._steps = 0
        self._applied_in: dict[str, int] = {}
        for one in opened:
            if not isinstance(one, Bill):
                self.chains[one.id] = list(opening(one, CAUSE))

    def everything(self) -> bytes:
        """All that they say, to be compared."""
        return msgspec.json.encode((self.objects, self.chains, self.payments, self.credits, self.refunds))

    def take(self, step: Step) -> Refusal | None:
        """Does it, or says why not."""
        self._steps += 1
        # Servers' clocks differ: every other step comes from one that is behind.
        now = CAUSE.now + timedelta(seconds=self._steps * (1 if self._steps % 2 else -1))
        outcome = self._decide(step, structs.replace(CAUSE, now=now, request_id=f"req_{self._steps}"))
        if isinstance(outcome, Refusal):
            return outcome
        assert len({change.after.of.id for change in outcome}) == len(outcome)
        for change in outcome:
            self._keep(change)
        return None

    def _decide(self, step: Step, cause: Cause) -> Sequence[Change[Any]] | Refusal:
        match step:
            case Pay():
                return self._pay(step, cause)
            case Reverse(number):
                owed = {one.owner_id: self._owed(one.owner_id) for one in self.payments[number].applications}
                return reverse_payment(self._payment(number), owed, NewReversal(reason="bounced"), cause)
            case Apply(number, parts):
                asked = [ApplicationPart(amount=amount, **self._named(one)) for one, amount in parts]
                return _moved(apply_parts(self._payment(number), asked, [self._owed(one) for one, _ in parts], cause))
            case ApplyOldestFirst(number, owner):
                bills = self._open_bills(owner, self.payments[number].currency)
                return _moved(apply_oldest_first(self._payment(number), bills, cause))
            case TakeBack(number, where, amount):
                wanted = Unapply(amount=amount, **self._named(where))
                return _moved(unapply(self._payment(number), wanted, self._owed(where), cause))
            case GiveBack(number, amount):
                refund = NewRefund(amount=amount, external_reference=cause.request_id, reason="Wanted it back")
                refunded = refund_payment(self._payment(number), refund, There(), cause)
                return refunded if isinstance(refunded, Refusal) else [refunded.refund, refunded.payment]
            case Lower(bill, amount):
                credit = NewCredit(amount=amount, kind="credit_note", reason="Too much")
                credited = credit_bill(self._bill(bill), credit, self._payments_on(bill), There(), cause)
                if isinstance(credited, Refusal):
                    return credited
                return [credited.credit, credited.bill, *credited.payments]
            case Raise(number):
                of = Record(self.credits[number])
                credited = reverse_credit(self._bill(of.of.bill_id), of, NewCreditReversal(), cause)
                return credited if isinstance(credited, Refusal) else [credited.credit, credited.bill]
            case _:
                change = self._change(step, cause)
                return change if isinstance(change, Refusal) else [change]

    def _change(
        self, step: Void | SetPaid | SetBalance | SetRules | Adjust | SetPaidAsOnce, cause: Cause
    ) -> Change[Any] | Refusal:
        match step:
            case Void(bill):
                return void_bill(self._bill(bill), cause)
            case SetPaid(bill, total):
                return update_bill(self._bill(bill), BillChanges(amount_paid=total), cause)
            case SetBalance():
                return self._patch(step.owner, {"currency": step.currency, "balance": step.balance}, cause)
            case SetRules(of, own):
                if isinstance(self.objects[of], Bill):
                    return update_bill(self._bill(of), BillChanges(payment_rules=own), cause)
                return self._patch(of, {"payment_rules": own}, cause)
            case Adjust(owner, amount):
                return adjust_owner(self._owed(owner), NewAdjustment(amount=amount, reason="Interest"), None, cause)
            case SetPaidAsOnce(bill, total, void):
                record = self._bill(bill)
                chain = Chain(bill, record.head, cause)
                if total != record.of.amount_paid:
                    chain.add("adjustment", record.of.currency, total - record.of.amount_paid)
                new = settle(record.of, paid=total - record.of.amount_paid)
                return changed(record, structs.replace(new, status="voided") if void else new, chain.entries)

    def _pay(self, step: Pay, cause: Cause) -> Sequence[Change[Any]] | Refusal:
        body: dict[str, Any] = {**self._named(step.target), "external_reference": cause.request_id}
        bills: list[Owed] = []
        if step.parts:
            body["parts"] = [Part(bill=bill, amount=amount) for bill, amount in step.parts]
            bills = [self._owed(bill) for bill, _ in step.parts]
        elif step.oldest_first:
            body["allocation"] = "oldest_due_first"
            bills = self._open_bills(step.target, step.currency)
        if step.represents is not None:
            before = self.payments[step.represents]
            body |= {"represents": before.id, "external_reference": before.external_reference}
        request = NewPayment(amount=step.amount, currency=step.currency, rest="hold" if step.hold else None, **body)
        assert list(request.cross_check()) == []
        payments = (self._payment(number) for number in range(len(self.payments)))
        there = There(*(self._owed(one) for one in self.objects), *payments)
        target = find_target(request, there)
        if isinstance(target, Refusal):
            return target
        again = find_represented(request, there)
        assert not isinstance(again, Refusal)
        made = make_payment(request, target, bills, again, None, cause)
        if isinstance(made, Refusal):
            return made
        return [made.payment, *made.paid, *([made.represented] if made.represented else [])]

    def _open_bills(self, owner: str, currency: str) -> list[Owed]:
        """The unpaid bills of an account or a customer, oldest first."""
        bills = [one for one in self.objects.values() if isinstance(one, Bill) and one.status == "unpaid"]
        owned = [bill for bill in bills if owner in (bill.account_id, bill.customer_id)]
        return [self._owed(bill.id) for bill in owned if bill.currency == currency]

    def _payments_on(self, bill: str) -> list[Record[Payment]]:
        """Those with money on a bill; what was applied last comes first."""
        last = {
            number: max(self._applied_in[one.id] for one in payment.applications if one.owner_id == bill and one.live)
            for number, payment in enumerate(self.payments)
            if payment.applied_to(bill)
        }
        return [self._payment(number) for number in sorted(last, key=last.__getitem__, reverse=True)]

    def _named(self, id_: str) -> dict[str, Any]:
        return {self.objects[id_].noun: id_}

    def _keep(self, change: Change[Any]) -> None:
        of, kept = change.after.of, dict[str, list[Any]](pay=self.payments, cred=self.credits, ref=self.refunds)
        all_ = kept.get(of.id.partition("_")[0])
        if all_ is None:
            self.objects[of.id] = of
        elif change.before is None:
            all_.append(of)
        else:
            [number] = [number for number, one in enumerate(all_) if one.id == of.id]
            all_[number] = of
        if isinstance(of, Payment):
            for one in of.applications:
                self._applied_in.setdefault(one.id, self._steps)
        if isinstance(of, Credit | Refund):
            assert not change.entries
            return
        chain = self.chains.setdefault(of.id, [])
        chain.extend(change.entries)
        assert change.after.head == head_of(chain)

    def _patch(self, id_: str, changes: dict[str, Any], cause: Cause) -> Change[Any] | Refusal:
        record = self._owed(id_)
        shape = AccountChanges if isinstance(record.of, Account) else CustomerChanges
        return update_owner(record, shape(**changes), self._default, cause)

    def _owed(self, id_: str) -> Owed:
        return Record(self.objects[id_], self._default, head_of(self.chains[id_]), 1)

    def _payment(self, number: int) -> Record[Payment]:
        payment = self.payments[number]
        return Record(payment, None, head_of(self.chains[payment.id]), 1)

    def _bill(self, id_: str) -> Record[Bill]:
        bill = self.objects[id_]
        assert isinstance(bill, Bill)
        return Record(bill, self._default, head_of(self.chains[id_]), 1)


def _moved(moved: Moved | Refusal) -> Sequence[Change[Any]] | Refusal:
    return moved if isinstance(moved, Refusal) else [moved.payment, *moved.owed]
