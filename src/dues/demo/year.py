"""What happens in a year, made up from a seed: which commands are carried out when. Nothing here reads or writes."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from dues.demo.people import Person, person
from dues.domain.accounts import NewAccount
from dues.domain.adjustments import NewAdjustment
from dues.domain.bills import NewBill
from dues.domain.credits import CreditKind, NewCredit
from dues.domain.customers import NewCustomer
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.payment_rules import PaymentRules
from dues.domain.refunds import NewRefund
from dues.domain.reversals import NewReversal

CUSTOMERS: Final = 200

MONTHS: Final = 12

TIME_ZONE: Final = "Africa/Johannesburg"

Does = Literal["register", "open", "bill", "credit", "void", "charge", "pay", "reverse", "refund"]

_HOURS: Final[dict[Does, int]] = {
    "register": 6,
    "open": 7,
    "bill": 8,
    "credit": 10,
    "void": 10,
    "charge": 11,
    "pay": 12,
    "reverse": 15,
    "refund": 16,
}
"""At which hour of its day each is done: what is named is there by then."""

_HABITS: Final = {
    "on time": 48,
    "late": 20,
    "in parts": 8,
    "forgets": 7,
    "stopped": 4,
    "bounces": 5,
    "rounds up": 4,
    "too much": 2,
    "prepaid": 9,
}
"""How customers pay, and how many of a hundred each."""

_DUE_DAYS: Final = (21, 30, 30, 45)

_ANY_AMOUNT: Final = PaymentRules(1, AMOUNT_MAX, True, True)


class Step(Struct, frozen=True):
    """One command: when it is carried out, which it is, on what (empty: on nothing that is there), and its body."""

    at: datetime
    does: Does
    name: str
    body: Any


def year(seed: int, now: datetime, customers: int = CUSTOMERS) -> list[Step]:
    """All steps until `now` (aware), in order."""
    zone = ZoneInfo(TIME_ZONE)
    made = [
        step
        for number in range(1, customers + 1)
        # Each has a seed of its own: with more customers, the first ones stay as they are.
        for step in _Customer(Random(f"{seed}/{number}"), number, now.astimezone(zone).date()).steps()  # noqa: S311
    ]
    return sorted((step for step in made if step.at < now), key=lambda step: step.at)


class _Customer:
    """What happens to one customer."""

    def __init__(self, random: Random, number: int, today: date) -> None:
        self._random = random
        self._number = number
        self._person: Person = person(random, number)
        self._habit = random.choices([*_HABITS], weights=[*_HABITS.values()])[0]
        self._currency = "EUR" if random.random() < 0.05 else "ZAR"
        self._usual = random.randrange(250_00, 2_400_00, 50)
        self._method = random.choice(("eft", "eft", "debit_order", "card", "cash"))
        self._due_days = random.choice(_DUE_DAYS)
        self._billed_on = random.choice((0, 0, 7, 14, 21))
        self._has_due_dates = random.random() > 0.04
        self._stops_after = random.randint(2, 9)
        self._held = 0
        self._payments = 0
        start = today.year * 12 + today.month - MONTHS
        self._months = [date(month // 12, month % 12 + 1, 1) for month in range(start, start + MONTHS)]

    @property
    def _name(self) -> str:
        return f"CUST-{1000 + self._number}"

    def steps(self) -> Iterator[Step]:
        """All of it."""
        first = self._months[0]
        person = self._person
        new = NewCustomer(
            external_reference=self._name,
            name=person.name,
            email=person.email,
            phone=person.phone,
            metadata={"segment": "business" if len(person.name) > 22 else "household"},
        )
        yield self._step(first, "register", "", new)
        accounts = 2 if self._random.random() < 0.08 else 1
        for place in range(1, accounts + 1):
            account = f"METER-{1000 + self._number}-{place}"
            is_prepaid = self._habit == "prepaid"
            opened = NewAccount(
                customer=self._name,
                external_reference=account,
                name=person.address if place == 1 else f"{person.address}, garage",
                currency=self._currency if is_prepaid else None,
                balance=0 if is_prepaid else None,
                payment_rules=_ANY_AMOUNT if is_prepaid else None,
            )
            yield self._step(first, "open", "", opened)
            for number, month in enumerate(self._months):
                yield from self._prepaid(account, month) if is_prepaid else self._billed(account, month, number)

    def _prepaid(self, account: str, month: date) -> Iterator[Step]:
        """What is used is charged to a balance, and paid before or after that."""
        used = self._around(self._usual)
        charge = NewAdjustment(amount=used, reason=f"Used in {month:%Y-%m}")
        yield self._step(month + timedelta(days=19), "charge", account, charge)
        for _ in range(self._random.choice((1, 1, 1, 2))):
            day = month + timedelta(days=self._random.randint(1, 27))
            paid = used * self._random.choice((5, 9, 10, 11)) // 1_000 * 100
            yield self._pay(day, max(100, paid), account=account)

    def _billed(self, account: str, month: date, number: int) -> Iterator[Step]:
        """A bill of a month, and what comes of it."""
        bill, amount = (
            f"INV-{month:%y%m}-{account.removeprefix('METER-').removesuffix('-1')}",
            self._around(self._usual),
        )
        day = month + timedelta(days=self._billed_on + self._random.randint(0, 3))
        due = day + timedelta(days=self._due_days)
        new = NewBill(
            external_reference=bill,
            currency=self._currency,
            amount_due=amount,
            account=account,
            bill_date=day,
            due_date=due if self._has_due_dates else None,
            payment_rules=_ANY_AMOUNT if self._habit == "too much" else None,
        )
        yield self._step(day, "bill", "", new)
        chance = self._random.random()
        if chance < 0.01:
            yield self._step(day + timedelta(days=1), "void", bill, None)
            return
        if chance < 0.04:
            lowered = amount // self._random.choice((4, 5, 10))
            yield self._lower(day + timedelta(days=3), bill, lowered, "credit_note")
            amount -= lowered
        yield from self._paid(bill, amount, due, number)

    def _paid(self, bill: str, amount: int, due: date, number: int) -> Iterator[Step]:
        """How a bill is paid, or not, by somebody's habit. `number` is the month's."""
        random = self._random
        match self._habit:
            case "late":
                yield self._pay(due + timedelta(days=random.randint(4, 45)), amount, bill=bill)
            case "in parts":
                first = amount * random.randint(4, 7) // 10
                yield self._pay(due, first, bill=bill)
                if random.random() < 0.75:
                    yield self._pay(due + timedelta(days=random.randint(15, 50)), amount - first, bill=bill)
            case "forgets":
                if random.random() < 0.6:
                    yield self._pay(due + timedelta(days=random.randint(20, 95)), amount, bill=bill)
            case "stopped" if number >= self._stops_after:
                if number == self._stops_after and number < 5:
                    yield self._lower(due + timedelta(days=170), bill, amount, "write_off")
            case "bounces":
                yield from self._bounced(bill, amount, due)
            case "rounds up":
                paid = -(-amount // 100_00) * 100_00
                payment = self._pay(due - timedelta(days=2), paid, bill=bill, rest="hold")
                yield payment
                if paid > amount and random.random() < 0.3:
                    refund = NewRefund(amount=paid - amount, external_reference=f"RF-{bill}", reason="Paid too much")
                    yield self._step(due + timedelta(days=9), "refund", payment.body.external_reference, refund)
            case "too much":
                yield self._pay(due - timedelta(days=4), amount + random.choice((0, 0, 50_00)), bill=bill)
            case _:
                yield self._pay(due - timedelta(days=random.randint(0, 9)), amount, bill=bill)

    def _bounced(self, bill: str, amount: int, due: date) -> Iterator[Step]:
        """A debit order that is taken back, one time in four, and collected once more, mostly."""
        payment = self._pay(due, amount, bill=bill)
        yield payment
        if self._random.random() < 0.25:
            reversal = NewReversal(reason="bounced", note="Insufficient funds")
            yield self._step(due + timedelta(days=3), "reverse", payment.body.external_reference, reversal)
            if self._random.random() < 0.6:
                yield self._pay(due + timedelta(days=self._random.randint(12, 40)), amount, bill=bill)

    def _pay(self, day: date, amount: int, **of: Any) -> Step:
        self._payments += 1
        reference = f"{self._method.upper().replace('_', '-')}-{1000 + self._number}-{self._payments}"
        new = NewPayment(
            external_reference=reference, amount=amount, currency=self._currency, method=self._method, **of
        )
        return self._step(day, "pay", "", new)

    def _lower(self, day: date, bill: str, amount: int, kind: CreditKind) -> Step:
        reason = "Meter read again" if kind == "credit_note" else "Not to be had any more"
        new = NewCredit(amount=amount, kind=kind, reason=reason, external_reference=f"CN-{bill}")
        return self._step(day, "credit", bill, new)

    def _around(self, amount: int) -> int:
        """About so much, to five cents."""
        return round(amount * self._random.uniform(0.8, 1.25) / 5) * 5

    def _step(self, day: date, does: Does, name: str, body: Any) -> Step:
        return Step(datetime.combine(day, time(_HOURS[does]), ZoneInfo(TIME_ZONE)), does, name, body)
