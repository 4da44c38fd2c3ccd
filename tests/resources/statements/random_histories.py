"""Histories that nobody has thought of, day by day, and what is owed at the end of each, by the lists of the API."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.resources.journal.histories import OPEN
from tests.resources.payments.holding import apply, credit, refund, represent, reverse_credit, unapply
from tests.resources.payments.paying import new_account, pay, reverse, shown
from tests.running import Caller, new_reference

Thing = dict[str, Any]

Figures = dict[str, int]

SILENT: Figures = dict.fromkeys(("balances_owed", "balances_in_credit", "open_bills", "overpaid_bills", "held"), 0)

Snapshot = Mapping[str, Mapping[str, Figures]]
"""By owner's id, by currency: what of it is not nothing."""


class History:
    """Two customers, the accounts of both, and whatever happens to them."""

    def __init__(self, caller: Caller, seed: int) -> None:
        self.caller, self.random = caller, Random(seed)
        some: tuple[Thing, ...] = ({"currency": "ZAR", "balance": 700, "payment_rules": OPEN}, {})
        self.customers = [
            caller.register_customer(external_reference=new_reference("C"), name="Ann", **more).json() for more in some
        ]
        self.accounts = [
            new_account(caller, balance, customer=one["external_reference"], payment_rules=OPEN)
            for one in self.customers
            for balance in (1_500, -400)
        ]
        self.bills: list[Thing] = []
        self.payments: list[Thing] = []
        self.reversed: list[Thing] = []
        self.credits: list[tuple[Thing, Thing]] = []
        self.taken: Counter[str] = Counter()
        """How often each step was not refused."""

    @property
    def owners(self) -> list[tuple[str, Thing]]:
        """(noun, object) of everybody who has a statement."""
        return [*(("customer", one) for one in self.customers), *(("account", one) for one in self.accounts)]

    def next_day(self) -> date:
        """Goes to the next day, by the test clock. The first: from the server's."""
        now = datetime.fromisoformat(self.caller.get("/billing/test_clock").json()["now"])
        then = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        assert self.caller.post("/billing/test_clock/advance", {"to": then.isoformat()}).status_code == 200
        return then.date()

    def step(self) -> None:
        """Something happens, or is refused."""
        steps: list[Callable[[], Any]] = [
            *(self._bill, self._bill, self._pay_bill, self._pay_bill, self._pay_bill, self._pay_balance, self._hold),
            *(self._apply, self._unapply, self._reverse, self._refund, self._credit, self._reverse_credit, self._void),
            *(self._by_hand, self._charge, self._set_balance, self._come_again),
        ]
        step = self.random.choice(steps)
        answer = step()
        if answer is not None and answer.status_code < 300:
            self.taken[step.__name__] += 1

    def _amount(self) -> int:
        return self.random.choice((1, 50, 333, 1_000, 2_500))

    def _bill(self) -> Any:
        noun, owner = self.random.choice(self.owners)
        currency = "JPY" if noun == "customer" and owner is self.customers[1] and self.random.random() < 0.3 else "ZAR"
        rules = self.random.choice((None, OPEN))
        dates: Thing = {"bill_date": "2026-01-05", **self.random.choice(({}, {"due_date": "2026-02-01"}))}
        whose: Thing = {"customer": ..., "account": ...} | {noun: owner["id"]}
        answer = self.caller.make_bill(
            amount_due=self._amount() + 10, currency=currency, payment_rules=rules, **dates, **whose
        )
        if answer.status_code == 201:
            self.bills.append(answer.json())
        return answer

    def _some(self, things: list[Any]) -> Any:
        return self.random.choice(things) if things else None

    def _paid(self, answer: Any) -> Any:
        if answer.status_code == 201:
            self.payments.append(answer.json())
        return answer

    def _pay_bill(self) -> Any:
        if bill := self._some(self.bills):
            rest = {"rest": "hold"} if self.random.random() < 0.5 else {}
            currency = bill["currency"]
            return self._paid(pay(self.caller, bill=bill["id"], amount=self._amount(), currency=currency, **rest))
        return None

    def _pay_balance(self) -> Any:
        noun, owner = self.random.choice(self.owners)
        return self._paid(pay(self.caller, amount=self._amount(), method="eft", **{noun: owner["id"]}))

    def _hold(self) -> Any:
        noun, owner = self.random.choice(self.owners)
        more = {"allocation": "oldest_due_first", "rest": "hold"}
        return self._paid(pay(self.caller, amount=self._amount() * 3, **{noun: owner["id"]}, **more))

    def _apply(self) -> Any:
        payment = self._some([one for one in self.payments if one.get("amount_unapplied")])
        bill = self._some(self.bills)
        if payment and bill:
            return apply(self.caller, payment, parts=[{"bill": bill["id"], "amount": self._amount()}])
        return None

    def _unapply(self) -> Any:
        live = [
            (payment, one["bill_id"])
            for payment in self.payments
            for one in payment["applications"]
            if "bill_id" in one
        ]
        if found := self._some(live):
            return unapply(self.caller, found[0], bill=found[1])
        return None

    def _reverse(self) -> Any:
        if payment := self._some(self.payments):
            self.reversed.append(payment)
            return reverse(self.caller, payment["id"])
        return None

    def _come_again(self) -> Any:
        payment, bill = self._some(self.reversed), self._some(self.bills)
        return self._paid(represent(self.caller, payment, bill=bill["id"])) if payment and bill else None

    def _refund(self) -> Any:
        payment = self._some(self.payments)
        return refund(self.caller, payment, self._amount()) if payment else None

    def _credit(self) -> Any:
        if bill := self._some(self.bills):
            kind = self.random.choice(("credit_note", "write_off", "rounding"))
            answer = credit(self.caller, bill, self._amount(), kind=kind)
            if answer.status_code == 201:
                self.credits.append((bill, answer.json()))
            return answer
        return None

    def _reverse_credit(self) -> Any:
        if found := self._some(self.credits):
            return reverse_credit(self.caller, *found)
        return None

    def _void(self) -> Any:
        bill = self._some(self.bills)
        return self.caller.post(f"/billing/bills/{bill['id']}/void", {}) if bill else None

    def _by_hand(self) -> Any:
        if bill := self._some(self.bills):
            return self.caller.patch(
                f"/billing/bills/{bill['id']}", {"amount_paid": self.random.choice((0, 5, 11, 70))}
            )
        return None

    def _charge(self) -> Any:
        noun, owner = self.random.choice(self.owners)
        body = {"amount": self.random.choice((-1, 1)) * self._amount(), "reason": "A fee"}
        return self.caller.post(f"/billing/{noun}s/{owner['id']}/adjustments", body)

    def _set_balance(self) -> Any:
        noun, owner = self.random.choice(self.owners)
        body: Thing = {"balance": self.random.choice((None, 0, 900, -300))}
        if body["balance"] is not None:
            body["currency"] = self.random.choice(("ZAR", "ZAR", "USD"))
        return self.caller.patch(f"/billing/{noun}s/{owner['id']}", body)

    def count(self) -> Snapshot:
        """What is owed to the day, one thing after the other, from lists."""
        found: dict[str, dict[str, Figures]] = {owner["id"]: {} for _, owner in self.owners}

        def add(owner_id: str | None, currency: str, name: str, amount: int) -> None:
            if owner_id in found and amount:
                found[owner_id].setdefault(currency, dict(SILENT))[name] += amount

        for customer in self.customers:
            self._count_balance(add, shown(self.caller, customer), None)
        for account in self.accounts:
            self._count_balance(add, shown(self.caller, account), account["customer_id"])
        for bill in self.caller.everything("/billing/bills"):
            left = bill["amount_due"] - bill["amount_paid"] - bill.get("amount_credited", 0)
            if bill["status"] != "voided":
                for owner_id in (bill["customer_id"], bill.get("account_id")):
                    add(owner_id, bill["currency"], "open_bills", max(0, left))
                    add(owner_id, bill["currency"], "overpaid_bills", max(0, -left))
        self.payments = self.caller.everything("/billing/payments")
        for payment in self.payments:
            for owner_id in (payment["customer_id"], payment.get("account_id")):
                add(owner_id, payment["currency"], "held", payment.get("amount_unapplied", 0))
        return found

    @staticmethod
    def _count_balance(add: Callable[..., None], owner: Thing, also: str | None) -> None:
        balance = owner.get("balance") or 0
        for owner_id in (owner["id"], also):
            add(owner_id, owner.get("currency", ""), "balances_owed", max(0, balance))
            add(owner_id, owner.get("currency", ""), "balances_in_credit", max(0, -balance))


def total_of(figures: Figures) -> int:
    """What that comes to."""
    owed = figures["balances_owed"] + figures["open_bills"]
    return owed - figures["balances_in_credit"] - figures["overpaid_bills"]
