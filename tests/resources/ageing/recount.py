"""Histories at random, over several days; and what is owed and for how long, counted from what lists show."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.resources.journal.histories import OPEN
from tests.resources.payments.holding import apply, credit, refund, reverse_credit, unapply
from tests.resources.payments.paying import new_account, new_bill, pay, reverse
from tests.running import Caller

CODES = ("not_due", "1-30", "31-60", "61-90", "91-120", "121+")

Sums = dict[str, Any]


def bucket(day: date, bill: dict[str, Any]) -> str:
    """The bucket of a bill, by counting."""
    days = (day - date.fromisoformat(bill.get("due_date") or bill["bill_date"])).days
    if days <= 0:
        return "not_due"
    return next((code for code, last in zip(CODES[1:], (30, 60, 90, 120), strict=False) if days <= last), "121+")


def recount(caller: Caller, day: date) -> dict[tuple[str, str], Sums]:
    """By customer and currency, and by "" in all, what there is now; nothing where there is nothing."""
    found: dict[tuple[str, str], Sums] = {}

    def add(customer: str, currency: str, name: str, amount: int, count: int = 1) -> None:
        for whose in (customer, ""):
            sums = found.setdefault((whose, currency), {})
            old = sums.get(name, (0, 0))
            sums[name] = old[0] + count, old[1] + amount

    for kind, owner in (("customers", "id"), ("accounts", "customer_id")):
        for one in caller.everything(f"/billing/{kind}", limit=100):
            if one.get("balance"):
                name = "balance_owed" if one["balance"] > 0 else "credit"
                add(one[owner], one["currency"], name, abs(one["balance"]), 0)
    for bill in caller.everything("/billing/bills", limit=100):
        left = bill["amount_due"] - bill["amount_paid"] - bill.get("amount_credited", 0)
        if bill["status"] == "voided" or left == 0:
            continue
        if left < 0:
            add(bill["customer_id"], bill["currency"], "credit", -left, 0)
            continue
        add(bill["customer_id"], bill["currency"], bucket(day, bill), left)
        if "due_date" not in bill:
            add(bill["customer_id"], bill["currency"], "without_due_date", left)
    for payment in caller.everything("/billing/payments", limit=100):
        if held := payment.get("amount_unapplied"):
            add(payment["customer_id"], payment["currency"], "held", held, 0)
    return found


def told(row: dict[str, Any]) -> Sums:
    """The figures of a row, as the recount has them."""
    figures = row["figures"]
    sums = {one["bucket"]: (one["count"], one["amount_remaining"]) for one in figures["ages"]}
    sums["without_due_date"] = tuple(figures["without_due_date"].values())
    sums |= {name: (0, figures[name]) for name in ("balance_owed", "credit", "held")}
    every = [sums[code] for code in CODES]
    assert tuple(figures["open_bills"].values()) == (sum(n for n, _ in every), sum(amount for _, amount in every))
    assert tuple(figures["overdue"].values()) == (sum(n for n, _ in every[1:]), sum(amount for _, amount in every[1:]))
    net = sum(amount for _, amount in every) + figures["balance_owed"] - figures["credit"] - figures["held"]
    assert figures["net_amount"] == net
    return {name: value for name, value in sums.items() if value != (0, 0)}


_BALANCES: tuple[dict[str, Any], ...] = ({}, {"currency": "ZAR", "balance": 0}, {"currency": "ZAR", "balance": -700})


class History:
    """What somebody does at random; what is refused is refused."""

    def __init__(self, caller: Caller, seed: int) -> None:
        self.caller, self.random = caller, Random(seed)
        self.customers = [
            caller.register_customer(name=f"Customer {n}", payment_rules=OPEN, **more).json()
            for n, more in enumerate(_BALANCES)
        ]
        self.accounts = [
            new_account(caller, balance, customer=self.customers[n]["id"], payment_rules=OPEN)
            for n, balance in ((0, 900), (0, -300), (1, 0))
        ]
        self.bills: list[dict[str, Any]] = []
        self.payments: list[dict[str, Any]] = []
        self.credits: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def step(self, today: date) -> None:
        """One of all that can be done."""
        some = (self.make, self.make, self.make, self.pay, self.pay, self.pay_balance, self.reverse, self.lower)
        self.random.choice((*some, self.raise_again, self.void, self.by_hand, self.move, self.set_balance))(today)

    def make(self, today: date) -> None:
        bill_on = today - timedelta(days=self.random.choice((0, 0, 20, 45, 100, 200)))
        due = {} if self.random.random() < 0.3 else {"due_date": str(bill_on + timedelta(days=30))}
        currency = "USD" if self.random.random() < 0.1 else "ZAR"
        owner = {"customer": self.customers[0]["id"]}
        if currency == "ZAR":
            owner = self.random.choice(
                [
                    *({"customer": one["id"]} for one in self.customers),
                    *({"account": one["id"]} for one in self.accounts),
                ]
            )
        rules = OPEN if self.random.random() < 0.5 else None
        amount = self.random.randint(100, 2_000)
        more = {"amount_due": amount, "currency": currency, "bill_date": str(bill_on), "payment_rules": rules}
        made = new_bill(self.caller, **owner, **more, **due)
        if "id" in made:  # an account may count in yen by now
            self.bills.append(made)

    def _bill(self) -> dict[str, Any] | None:
        return self.random.choice(self.bills) if self.bills else None

    def pay(self, today: date) -> None:
        if bill := self._bill():
            rest = {"rest": "hold"} if self.random.random() < 0.5 else {}
            amount = max(1, int(bill["amount_due"] * self.random.choice((0.3, 1, 1, 1.5))))
            answer = pay(self.caller, bill=bill["id"], amount=amount, currency=bill["currency"], **rest)
            if answer.status_code == 201:
                self.payments.append(answer.json())

    def pay_balance(self, today: date) -> None:
        answer = pay(self.caller, account=self.random.choice(self.accounts)["id"], amount=self.random.randint(1, 900))
        if answer.status_code == 201:
            self.payments.append(answer.json())

    def reverse(self, today: date) -> None:
        if self.payments:
            reverse(self.caller, self.random.choice(self.payments)["id"])

    def lower(self, today: date) -> None:
        if bill := self._bill():
            answer = credit(self.caller, bill, self.random.randint(1, 400))
            if answer.status_code == 201:
                self.credits.append((bill, answer.json()))

    def raise_again(self, today: date) -> None:
        if self.credits:
            reverse_credit(self.caller, *self.random.choice(self.credits))

    def void(self, today: date) -> None:
        if bill := self._bill():
            self.caller.post(f"/billing/bills/{bill['id']}/void", {})

    def by_hand(self, today: date) -> None:
        if bill := self._bill():
            self.caller.patch(f"/billing/bills/{bill['id']}", {"amount_paid": self.random.randint(0, 2_500)})

    def move(self, today: date) -> None:
        if self.payments and (bill := self._bill()):
            payment, amount = self.random.choice(self.payments), self.random.randint(1, 300)
            match self.random.choice(("apply", "unapply", "refund")):
                case "apply":
                    apply(self.caller, payment, parts=[{"bill": bill["id"], "amount": amount}])
                case "unapply":
                    unapply(self.caller, payment, bill=bill["id"], amount=amount)
                case _:
                    refund(self.caller, payment, amount)

    def set_balance(self, today: date) -> None:
        """Balances are set, given up, or counted in another currency."""
        currency, balance = self.random.choice((("ZAR", 500), ("ZAR", -200), ("ZAR", None), ("JPY", 800)))
        owner = self.accounts[-1]
        self.caller.patch(f"/billing/accounts/{owner['id']}", {"currency": currency, "balance": balance})
