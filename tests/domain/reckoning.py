"""What must come of each step, reckoned in plain numbers, and not with the code that is tested."""

from dataclasses import dataclass, field

from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from tests.domain.steps import (
    Adjust,
    Apply,
    ApplyOldestFirst,
    GiveBack,
    Lower,
    Pay,
    Raise,
    Reverse,
    SetBalance,
    SetPaid,
    SetPaidAsOnce,
    SetRules,
    Step,
    TakeBack,
    Void,
)

BILLS = {"bill_1": 20, "bill_2": 30, "bill_3": 15}
"""What is due of each; the oldest comes first. The first two are the account's."""

OF_ACCOUNT = ("bill_1", "bill_2")
PAYERS = {"bacc_1": OF_ACCOUNT, "bcus_jane": tuple(BILLS)}

Shares = list[tuple[str, int]]
"""Who gets how much."""


@dataclass
class Line:
    """One thing that is owed, in plain numbers: `amount` is what was paid of a bill, or a balance."""

    due: int | None
    currency: str
    amount: int | None
    rules: PaymentRules | None
    credited: int = 0
    voided: bool = False

    @property
    def left(self) -> int:
        """What is to be paid."""
        if self.voided or self.amount is None:
            return 0
        return max(0, self.amount if self.due is None else self.due - self.amount - self.credited)

    def after(self, paid: int) -> int:
        """Its amount when so much more is paid (negative: taken back)."""
        assert self.amount is not None
        return self.amount + paid if self.due is not None else self.amount - paid

    def takes(self, part: int, whole: int, currency: str, default: PaymentRules | None) -> bool:
        """Whether the rules allow that part of a payment."""
        rule = self.rules or default
        if self.voided or self.amount is None or rule is None or self.currency != currency:
            return False
        bounds = (part == self.left or whole >= rule.min_amount) and whole <= rule.max_amount
        fits = rule.underpayment_allowed if part < self.left else rule.overpayment_allowed or part == self.left
        return bounds and fits and safe(self.after(part) + self.credited)

    def gives_back(self, paid: int, currency: str) -> int:
        """How much of what was paid can be taken back."""
        if self.amount is None or self.voided or self.currency != currency:
            return 0
        if self.due is not None:
            return min(self.amount, paid)
        return paid if safe(self.after(-paid)) else 0


@dataclass
class Came:
    """A payment, in plain numbers. `there`: what it has where, in the order in which it went there."""

    currency: str
    amount: int
    held: int
    there: list[tuple[str, int, int]]
    """Where, how much, and in which step."""
    refunded: int = 0
    reversed: bool = False
    came_again: bool = False
    lost: dict[str, int] = field(default_factory=dict)
    """What could not be taken back, and where it is."""

    def at(self, one: str) -> int:
        """What it has there."""
        return 0 if self.reversed else sum(amount for where, amount, _ in self.there if where == one)

    def take_back(self, one: str, amount: int) -> None:
        """So much is held that was there: what went there last first."""
        self.held += amount
        for number in reversed(range(len(self.there))):
            where, had, step = self.there[number]
            back = min(had, amount) if where == one else 0
            self.there[number] = where, had - back, step
            amount -= back
        assert amount == 0


@dataclass
class Reckoning:
    """What must come of each step."""

    lines: dict[str, Line]
    default: PaymentRules | None
    payments: list[Came] = field(default_factory=list)
    credits: list[tuple[str, int] | None] = field(default_factory=list)
    """The bill and the amount of those that stand; None: taken back."""
    steps: int = 0

    def applied(self, one: str) -> int:
        """What payments that stand have there."""
        return sum(payment.at(one) for payment in self.payments)

    def take(self, step: Step) -> bool:
        """Does it, and tells whether it is to be accepted."""
        self.steps += 1
        match step:
            case Pay():
                return self._receive(step)
            case Reverse(number):
                return self._reverse(self.payments[number])
            case Apply(number, parts):
                payment = self.payments[number]
                allowed = all(
                    self.lines[one].takes(part, payment.amount, payment.currency, self.default) for one, part in parts
                )
                fits = sum(part for _, part in parts) <= payment.held and not payment.reversed
                return allowed and fits and self._place(payment, list(parts))
            case ApplyOldestFirst(number, owner):
                payment = self.payments[number]
                shares = self._fill(owner, payment.held, payment.amount, payment.currency)
                return bool(shares) and self._place(payment, shares)
            case TakeBack(number, where, amount):
                payment, line = self.payments[number], self.lines[where]
                back = payment.at(where) if amount is None else amount
                if not 0 < back <= payment.at(where) or line.gives_back(back, payment.currency) < back:
                    return False
                line.amount = line.after(-back)
                payment.take_back(where, back)
                return True
            case GiveBack(number, amount):
                payment = self.payments[number]
                if amount > payment.held:
                    return False
                payment.held, payment.refunded = payment.held - amount, payment.refunded + amount
                return True
            case Lower(bill, amount):
                return self._lower(bill, amount)
            case Raise(number):
                if (credit := self.credits[number]) is None or self.lines[credit[0]].voided:
                    return False
                self.lines[credit[0]].credited -= credit[1]
                self.credits[number] = None
                return True
            case _:
                return self._change(step)

    def _change(self, step: Void | SetPaid | SetBalance | SetRules | Adjust | SetPaidAsOnce) -> bool:
        match step:
            case Void(id_):
                line = self.lines[id_]
                accepted = not line.voided and line.amount == 0 and self.applied(id_) == 0
                line.voided = line.voided or accepted
                return accepted
            case SetPaid(id_, total):
                return self._set_paid(id_, total)
            case SetPaidAsOnce(id_, total, void):
                self.lines[id_].amount, self.lines[id_].voided = total, void
                return True
            case SetBalance(id_, currency, balance):
                line = self.lines[id_]
                same = line.currency == currency and None not in (line.amount, balance)
                if not safe(balance or 0) or (same and not safe((balance or 0) - (line.amount or 0))):
                    return False
                line.currency, line.amount = currency, balance
                return True
            case SetRules(id_, own):
                line = self.lines[id_]
                if not line.voided:
                    line.rules = own
                return not line.voided
            case Adjust(id_, amount):
                line = self.lines[id_]
                if line.amount is None or not safe(line.amount + amount):
                    return False
                line.amount += amount
                return True

    def _receive(self, step: Pay) -> bool:
        again = None if step.represents is None else self.payments[step.represents]
        if again and (not again.reversed or again.came_again):
            return False
        wanted = list(step.parts)
        left = step.amount - sum(part for _, part in wanted)
        if step.oldest_first:
            wanted = self._fill(step.target, left, step.amount, step.currency)
            left -= sum(part for _, part in wanted)
        wanted += [(step.target, left)] if left else []
        shares: Shares = []
        for one, part in wanted:
            # All of it; else, where the rest may be held, as much as is to be paid.
            for some in (part, min(part, self.lines[one].left)):
                if some and self.lines[one].takes(some, step.amount, step.currency, self.default):
                    shares.append((one, some))
                    break
                if not step.hold:
                    return False
        payment = Came(step.currency, step.amount, step.amount, [])
        self.payments.append(payment)
        if again:
            again.came_again = True
        return self._place(payment, shares)

    def _fill(self, owner: str, left: int, whole: int, currency: str) -> Shares:
        """What an owner's open bills take, each before the next."""
        shares: Shares = []
        for one in PAYERS.get(owner, ()):
            line = self.lines[one]
            some = min(left, line.left)
            if some and line.takes(some, whole, currency, self.default):
                shares.append((one, some))
                left -= some
        return shares

    def _place(self, payment: Came, shares: Shares) -> bool:
        for one, part in shares:
            self.lines[one].amount = self.lines[one].after(part)
            payment.held -= part
            payment.there.append((one, part, self.steps))
        return True

    def _reverse(self, payment: Came) -> bool:
        if payment.reversed:
            return False
        for one, part, _ in payment.there:
            line = self.lines[one]
            if back := line.gives_back(part, payment.currency):
                line.amount = line.after(-back)
            if part > back:
                payment.lost[one] = payment.lost.get(one, 0) + part - back
        payment.reversed, payment.held = True, 0
        return True

    def _lower(self, bill: str, amount: int) -> bool:
        line = self.lines[bill]
        assert line.amount is not None
        assert line.due is not None
        if line.voided or amount > line.due - line.credited or not safe(line.amount + line.credited + amount):
            return False
        line.credited += amount
        too_much = min(amount, line.amount, max(0, line.amount + line.credited - line.due))
        on_bill = [payment for payment in self.payments if payment.at(bill)]
        for payment in sorted(on_bill, key=lambda one: _latest(one, bill), reverse=True):
            back = min(too_much, payment.at(bill))
            payment.take_back(bill, back)
            line.amount -= back
            too_much -= back
        self.credits.append((bill, amount))
        return True

    def _set_paid(self, bill: str, total: int) -> bool:
        line = self.lines[bill]
        assert line.amount is not None
        assert line.due is not None
        rule = line.rules or self.default
        accepted = (
            not line.voided
            and safe(total + line.credited)
            and total >= min(self.applied(bill), line.amount)
            and (total <= max(line.due - line.credited, line.amount) or (rule is not None and rule.overpayment_allowed))
        )
        line.amount = total if accepted else line.amount
        return accepted


def _latest(payment: Came, one: str) -> int:
    return max(step for where, amount, step in payment.there if where == one and amount)


def safe(amount: int) -> bool:
    """Whether every JSON client can represent it."""
    return abs(amount) <= AMOUNT_MAX
