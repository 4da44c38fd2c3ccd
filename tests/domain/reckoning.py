"""What must come of each step, reckoned in plain numbers, and not with the code that is tested."""

from dataclasses import dataclass, field

from dues.domain.money import AMOUNT_MAX
from dues.domain.payment_rules import PaymentRules
from tests.domain.steps import Adjust, Pay, Reverse, SetBalance, SetPaid, SetRules, Step, Void

BILLS = {"bill_1": 20, "bill_2": 30, "bill_3": 15}
"""What is due of each; the oldest comes first. The first two are the account's."""

OF_ACCOUNT = ("bill_1", "bill_2")
PAYERS = {"bacc_1": OF_ACCOUNT, "bcus_jane": tuple(BILLS)}


@dataclass
class Line:
    """One thing that is owed, in plain numbers: `amount` is what was paid of a bill, or a balance."""

    due: int | None
    currency: str
    amount: int | None
    rules: PaymentRules | None
    voided: bool = False

    def after(self, paid: int) -> int:
        """Its amount when so much more is paid (negative: taken back)."""
        assert self.amount is not None
        return self.amount + paid if self.due is not None else self.amount - paid

    def takes(self, paid: int, currency: str, default: PaymentRules | None) -> bool:
        """Whether the rules allow that payment."""
        rule = self.rules or default
        if self.voided or self.amount is None or rule is None or self.currency != currency:
            return False
        left = max(0, self.amount if self.due is None else self.due - self.amount)
        large_enough = paid == left or paid >= rule.min_amount
        fits = rule.underpayment_allowed if paid < left else rule.overpayment_allowed or paid == left
        return large_enough and paid <= rule.max_amount and fits and safe(self.after(paid))

    def gives_back(self, paid: int, currency: str) -> bool:
        """Whether that payment can be taken back."""
        if self.amount is None or self.voided or self.currency != currency:
            return False
        return self.amount >= paid if self.due is not None else safe(self.after(-paid))


@dataclass
class Reckoning:
    """What must come of each step. `payments` are the currency and shares of those that stand; None: reversed."""

    lines: dict[str, Line]
    default: PaymentRules | None
    payments: list[tuple[str, list[tuple[str, int]]] | None] = field(default_factory=list)

    def take(self, step: Step) -> bool:
        """Does it, and tells whether it is to be accepted."""
        match step:
            case Pay():
                shares = self.shares(step)
                if not all(self.lines[one].takes(paid, step.currency, self.default) for one, paid in shares):
                    return False
                self.payments.append((step.currency, shares))
                return self._pay(shares, 1)
            case Reverse(number):
                if (payment := self.payments[number]) is None:
                    return False
                currency, shares = payment
                if not all(self.lines[one].gives_back(paid, currency) for one, paid in shares):
                    return False
                self.payments[number] = None
                return self._pay(shares, -1)
            case Void(id_):
                line = self.lines[id_]
                accepted = not line.voided and line.amount == 0
                line.voided = line.voided or accepted
                return accepted
            case SetPaid(id_, total):
                return self._set_paid(self.lines[id_], total)
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

    def shares(self, step: Pay) -> list[tuple[str, int]]:
        """Who is to get how much of it."""
        shares, left = list(step.parts), step.amount - sum(paid for _, paid in step.parts)
        for one in PAYERS.get(step.target, ()) if step.oldest_first else ():
            line = self.lines[one]
            most = min(left, max(0, BILLS[one] - (line.amount or 0)))
            taken = max(
                (some for some in range(1, most + 1) if line.takes(some, step.currency, self.default)), default=0
            )
            shares, left = [*shares, (one, taken)], left - taken
        return [(one, paid) for one, paid in [*shares, (step.target, left)] if paid]

    def _pay(self, shares: list[tuple[str, int]], sign: int) -> bool:
        for one, paid in shares:
            self.lines[one].amount = self.lines[one].after(sign * paid)
        return True

    def _set_paid(self, line: Line, total: int) -> bool:
        rule = line.rules or self.default
        most = max(line.due or 0, line.amount or 0)
        accepted = (
            not line.voided and safe(total) and (total <= most or (rule is not None and rule.overpayment_allowed))
        )
        line.amount = total if accepted else line.amount
        return accepted


def safe(amount: int) -> bool:
    """Whether every JSON client can represent it."""
    return abs(amount) <= AMOUNT_MAX
