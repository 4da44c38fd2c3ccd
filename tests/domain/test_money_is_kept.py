"""No sequence of payments, reversals, voids, PATCHes and adjustments breaks a rule, or loses or makes a cent."""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from dues.domain.accounts import Account, AccountChanges, update_account
from dues.domain.adjustments import NewAdjustment, adjust
from dues.domain.allocation import Part
from dues.domain.bills import Bill, BillChanges, update_bill, void_bill
from dues.domain.customers import Customer, CustomerChanges, update_customer
from dues.domain.entries import Entry
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation
from dues.domain.payment_rules import PaymentRules
from dues.domain.payments import MadePayment, Payment, PaymentSurroundings, make_payment
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from tests.domain.owed import CAUSE, account, bill, customer, head_of, rules, unbroken

BILLS = ["bill_1", "bill_2", "bill_3"]
OWNERS = ["bacc_1", "bcus_jane"]

some_rules = st.builds(
    lambda least, width, under, over: rules(least, least + width, under=under, over=over),
    st.integers(0, 40),
    st.integers(0, 120),
    st.booleans(),
    st.booleans(),
)
amounts = st.integers(1, 150)
names = st.sampled_from(BILLS + OWNERS)


def within(given: PaymentRules | None, amount: int, outstanding: int) -> bool:
    """The rules of a payment once more, as the contract says them."""
    if given is None or amount > given.max_amount:
        return False
    if amount < given.min_amount and amount != outstanding:
        return False
    if amount < outstanding:
        return given.underpayment_allowed
    return amount == outstanding or given.overpayment_allowed


class Money(RuleBasedStateMachine):
    """Three bills of an account of Jane's, the account and Jane, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.owed: dict[str, Obligation] = {
            one.of.id: one
            for one in (
                *(
                    bill(100, id=name, external_reference=name, account_id="bacc_1", default=rules(1, 1_000))
                    for name in BILLS
                ),
                account(0, default=rules(0, 1_000)),
                customer(0, default=rules(0, 1_000)),
            )
        }
        self.entries: dict[str, list[Entry]] = {name: [] for name in self.owed}
        self.payments: list[Payment] = []
        self.by_hand: Counter[str] = Counter()
        """What PATCHes and adjustments did to each amount."""
        for name in OWNERS:
            self.owed[name] = structs.replace(self.owed[name], head=head_of([]))

    def outstanding(self, name: str) -> int:
        """What is outstanding, computed here."""
        of = self.owed[name].of
        return max(0, of.amount_due - of.amount_paid if isinstance(of, Bill) else of.balance or 0)

    def write(self, name: str, of: Bill | Account | Customer, entries: list[Entry]) -> None:
        """Keeps what became of something, and its entries."""
        self.entries[name] += entries
        self.owed[name] = structs.replace(self.owed[name], of=of, head=head_of(self.entries[name]))

    def take(self, made: MadePayment | Refusal, names: list[str] | None = None) -> None:
        """Keeps a payment, if it was taken, after a look at every part of it."""
        if isinstance(made, Refusal):
            return
        payment = made.payment
        assert sum(one.amount for one in payment.applications) == payment.amount
        assert len({one.owner_id for one in payment.applications}) == len(payment.applications)
        for application, paid in zip(payment.applications, made.paid, strict=True):
            name = application.owner_id
            assert names is None or name in names
            assert within(self.owed[name].rules, application.amount, self.outstanding(name))
            assert getattr(self.owed[name].of, "status", "") != "voided"
            self.write(name, paid.after.of, paid.entries)
        self.payments.append(payment)

    def request(self, target: str, amount: int, **more: Any) -> NewPayment:
        """A payment of something."""
        kind = "bill" if target in BILLS else "account" if target == "bacc_1" else "customer"
        reference = f"EFT-{len(self.payments)}"
        named: dict[str, Any] = {kind: target, **more}
        return NewPayment(external_reference=reference, amount=amount, currency="ZAR", **named)

    @rule(name=names, amount=amounts)
    def pay_one(self, name: str, amount: int) -> None:
        """A payment of one thing; it is taken just when the rules allow it."""
        found = PaymentSurroundings(self.owed[name], False)
        made = make_payment(self.request(name, amount), found, None, CAUSE)
        voided = getattr(self.owed[name].of, "status", "") == "voided"
        allowed = not voided and within(self.owed[name].rules, amount, self.outstanding(name))
        assert isinstance(made, MadePayment) == allowed
        self.take(made, [name])

    @rule(
        owner=st.sampled_from(OWNERS), parts=st.dictionaries(st.sampled_from(BILLS), amounts, min_size=1), rest=amounts
    )
    def pay_parts(self, owner: str, parts: dict[str, int], rest: int) -> None:
        """A payment of named bills, and perhaps of the balance."""
        total = sum(parts.values()) + (rest if rest % 2 else 0)
        asked = [Part(bill=name, amount=amount) for name, amount in parts.items()]
        found = PaymentSurroundings(self.owed[owner], False, [self.owed[name] for name in parts])
        self.take(make_payment(self.request(owner, total, parts=asked), found, None, CAUSE), [*parts, owner])

    @rule(owner=st.sampled_from(OWNERS), amount=st.integers(1, 400))
    def pay_oldest_first(self, owner: str, amount: int) -> None:
        """A payment of whatever is open."""
        open_bills = [self.owed[name] for name in BILLS if self.owed[name].of.status == "unpaid"]  # type: ignore[union-attr]
        found = PaymentSurroundings(self.owed[owner], False, open_bills)
        asked = self.request(owner, amount, allocation="oldest_due_first")
        self.take(make_payment(asked, found, None, CAUSE))

    @rule(number=st.integers(0, 30))
    def reverse(self, number: int) -> None:
        """Takes a payment back, or tries to: all of it or nothing."""
        if number >= len(self.payments):
            return
        payment = self.payments[number]
        owed = [self.owed[one.owner_id] for one in payment.applications]
        made = reverse_payment(payment, owed, NewReversal(reason="bounced"), CAUSE)
        if isinstance(made, Refusal):
            assert payment.status == "reversed" or made.code in ("bill_voided", "payment_outweighed")
            return
        assert payment.status == "applied"
        for application, undone in zip(payment.applications, made.paid, strict=True):
            self.write(application.owner_id, undone.after.of, undone.entries)
        self.payments[number] = made.payment

    @rule(name=st.sampled_from(BILLS))
    def void(self, name: str) -> None:
        """Voids a bill of which nothing is paid."""
        old = self.owed[name].of
        assert isinstance(old, Bill)
        new = void_bill(old)
        assert isinstance(new, Bill) == (old.status != "voided" and not old.amount_paid)
        if isinstance(new, Bill):
            self.write(name, new, [])

    @rule(name=st.sampled_from(BILLS), amount=st.integers(0, 250), given=st.none() | some_rules)
    def record_by_hand(self, name: str, amount: int, given: PaymentRules | None) -> None:
        """A PATCH of what was paid of a bill, and of its rules."""
        old = self.owed[name]
        assert isinstance(old.of, Bill)
        changes = BillChanges(amount_paid=amount, payment_rules=given)
        outcome = update_bill(old.of, changes, old.default_rules, old.head, CAUSE)
        if not isinstance(outcome, Refusal):
            self.by_hand[name] += amount - old.of.amount_paid
            self.write(name, *outcome)

    @rule(name=st.sampled_from(OWNERS), balance=st.integers(-100, 300), given=st.none() | some_rules)
    def replace_balance(self, name: str, balance: int, given: PaymentRules | None) -> None:
        """A PATCH of a balance, and of its rules."""
        old = self.owed[name]
        if isinstance(old.of, Account):
            outcome = update_account(old.of, AccountChanges(balance=balance, payment_rules=given), old.head, CAUSE)
        else:
            assert isinstance(old.of, Customer)
            outcome = update_customer(old.of, CustomerChanges(balance=balance, payment_rules=given), old.head, CAUSE)  # type: ignore[assignment]
        assert not isinstance(outcome, Refusal)
        assert not isinstance(old.of, Bill)
        self.by_hand[name] += balance - (old.of.balance or 0)
        self.write(name, *outcome)

    @rule(name=st.sampled_from(OWNERS), amount=st.integers(-100, 100).filter(bool))
    def adjust(self, name: str, amount: int) -> None:
        """A safe delta."""
        old = self.owed[name]
        of: Any = old.of
        outcome = adjust(of, NewAdjustment(amount=amount, reason="x"), old.head, CAUSE)
        assert not isinstance(outcome, Refusal)
        self.by_hand[name] += amount
        self.write(name, *outcome)

    @invariant()
    def every_cent_is_accounted_for(self) -> None:
        """What each thing shows is what came in and was not taken back, and what was changed by hand."""
        applied: Counter[str] = Counter()
        for payment in self.payments:
            for one in payment.applications if payment.status == "applied" else ():
                applied[one.owner_id] += one.amount
        for name, owed in self.owed.items():
            if isinstance(owed.of, Bill):
                assert owed.of.amount_paid == applied[name] + self.by_hand[name] >= 0
                is_paid = owed.of.amount_paid >= owed.of.amount_due
                assert owed.of.status in ("voided", "paid" if is_paid else "unpaid")
                assert owed.of.status != "voided" or owed.of.amount_paid == 0
            else:
                assert owed.of.balance == self.by_hand[name] - applied[name]

    @invariant()
    def the_ledger_says_the_same(self) -> None:
        """Each chain is whole, and ends at what its owner shows."""
        for name, entries in self.entries.items():
            of = self.owed[name].of
            shown = of.amount_paid if isinstance(of, Bill) else of.balance
            assert unbroken(entries)
            assert sum(entry.amount for entry in entries) == (shown or 0)


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
