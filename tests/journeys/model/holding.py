"""Money that is held, refunded or moved, bills that are lowered, and payments that come again."""

from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.journeys.model import payments
from tests.journeys.model.books import OUT_OF_RANGE, Model, Refused, Thing, unsafe
from tests.journeys.model.paying import Money, Paying, monies
from tests.journeys.model.requests import conditions, numbers
from tests.running import new_reference

REVERSED = (409, "payment_reversed", None)

amounts = st.sampled_from(["all", "all", "some", "more", 1, 5, 100, 700])
"""All there is, half of it, one more, or just so much."""

kinds = st.sampled_from(["bill", "bill", "account", "customer"])


def of_all(there: int, wanted: Any) -> int:
    """So much of what is there; of nothing, at least one."""
    found: int = {"all": there, "some": there // 2, "more": there + 1}.get(wanted, wanted)
    return max(1, found)


def as_told(told: dict[str, Any]) -> dict[str, Any]:
    """What only the server can know of something new."""
    return {name: told.get(name) for name in ("id", "created_at")}


class Holding(Paying):
    """Every command on money after it came."""

    @rule(number=numbers, kind=kinds, to=numbers, amount=amounts, condition=conditions)
    def apply(self, number: int, kind: str, to: int, amount: Any, condition: str | None) -> None:
        """POST /billing/payments/{payment}/applications of one part."""
        payment = self.some_payment(number)
        left = (payment and payment.fields.get("amount_unapplied")) or 0
        place = self.name(f"{kind}s", to)
        much = of_all(left, amount)
        part = {kind: place, "amount": much}

        def how(model: Model, payment: Thing, _body: Any) -> Refused | None:
            return apply_part(model, payment, kind, place, much)

        def done(answer: httpx.Response, payment: Thing) -> None:
            payment.fields["applications"][-1]["id"] = answer.json()["applications"][-1]["id"]
            self.agrees(answer, payment)

        if payment:
            self.do(self.change(how, "POST", "payments", "/applications", {"parts": [part]}, number, condition, done))

    @rule(number=numbers, which=numbers, amount=amounts | st.none(), condition=conditions)
    def unapply(self, number: int, which: int, amount: Any, condition: str | None) -> None:
        """POST /billing/payments/{payment}/unapply, mostly from where money of it is."""
        payment = self.some_payment(number)
        if not payment:
            return
        applied = payment.fields["applications"]
        if applied and which % 8:
            one = payments.applied_to(self.model, applied[which % len(applied)])
            kind, place = one.kind[:-1], self.one_name(one, which)
        else:
            kind, place = "bill", self.name("bills", which)
        found = self.model.find(f"{kind}s", place)
        body: dict[str, Any] = {kind: place}
        if amount is not None:
            body["amount"] = of_all(there_of(payment, found) if found else 0, amount)

        def how(model: Model, payment: Thing, _body: Any) -> Refused | None:
            return unapply(model, payment, kind, place, body.get("amount"))

        self.do(self.change(how, "POST", "payments", "/unapply", body, number, condition))

    @rule(number=numbers, amount=amounts, condition=conditions)
    def refund(self, number: int, amount: Any, condition: str | None) -> None:
        """POST /billing/payments/{payment}/refunds."""
        payment = self.some_payment(number)
        if not payment:
            return
        much = of_all(payment.fields.get("amount_unapplied") or 0, amount)
        body = {"amount": much, "external_reference": new_reference("RF")}

        def how(_model: Model, payment: Thing, _body: Any) -> Refused | None:
            if payment.fields["status"] == "reversed":
                return REVERSED
            if much > (payment.fields.get("amount_unapplied") or 0):
                return 422, "refund_exceeds_unapplied", "/amount"
            payment.fields["amount_unapplied"] = payment.fields["amount_unapplied"] - much or None
            payment.fields["amount_refunded"] = (payment.fields.get("amount_refunded") or 0) + much
            return None

        def done(answer: httpx.Response, payment: Thing) -> None:
            told = answer.json()
            expected = {"payment_id": payment.id, "currency": payment.fields["currency"]} | as_told(told) | body
            assert (answer.status_code, told) == (201, expected)
            self.agrees(self.caller.get(f"/billing/payments/{payment.id}"), payment)

        self.do(self.change(how, "POST", "payments", "/refunds", body, number, condition, done))

    @rule(number=numbers, amount=amounts, condition=conditions)
    def credit(self, number: int, amount: Any, condition: str | None) -> None:
        """POST /billing/bills/{bill}/credits."""
        bill = self.model.find("bills", self.name("bills", number))
        much = of_all((bill.outstanding if bill else None) or 0, amount)
        body = {"amount": much, "kind": "write_off", "reason": "because"}

        def how(model: Model, bill: Thing, _body: Any) -> Refused | None:
            return credit(model, bill, much)

        def done(answer: httpx.Response, bill: Thing) -> None:
            told = answer.json()
            expected = {"bill_id": bill.id, "currency": bill.fields["currency"]} | as_told(told) | body
            assert (answer.status_code, told) == (201, expected)
            self.model.credits[told["id"]] = bill.id, much, False
            self.agrees(self.caller.get(f"/billing/bills/{bill.id}"), bill)

        self.do(self.change(how, "POST", "bills", "/credits", body, number, condition, done))

    @rule(number=numbers)
    def reverse_credit(self, number: int) -> None:
        """POST /billing/bills/{bill}/credits/{credit}/reverse."""
        if not self.model.credits:
            return
        of = list(self.model.credits)[number % len(self.model.credits)]
        bill_id, amount, back = self.model.credits[of]
        bill = self.model.things["bills"][bill_id]
        answer = self.caller.post(f"/billing/bills/{bill_id}/credits/{of}/reverse", {})
        if back:
            self.refused(answer, (409, "credit_reversed", None))
        elif bill.fields["status"] == "voided":
            self.refused(answer, (409, "bill_voided", None))
        else:
            assert (answer.status_code, answer.json()["amount"]) == (200, amount)
            self.model.credits[of] = bill_id, amount, True
            bill.settle(credited=-amount)
            self.agrees(self.caller.get(f"/billing/bills/{bill_id}"), bill)

    @rule(number=numbers, money=monies(numbers | st.just(0), st.none()))
    def come_again(self, number: int, money: Money) -> None:
        """POST /billing/payments of one that was reversed, or of one that was not."""
        known = [one for one in self.model.things["payments"].values() if "represented_by" not in one.fields]
        bounced = [one for one in known if one.fields["status"] == "reversed"] if number % 8 else known
        if bounced:
            first = bounced[number % len(bounced)]
            again = {"represents": first.id, "external_reference": first.fields["external_reference"]}
            self.do(self.to_pay(self.payment(money) | again))

    def some_payment(self, number: int) -> Thing | None:
        """The payment that has this number."""
        return self.model.find("payments", self.name("payments", number)) if self.model.things["payments"] else None


def apply_part(model: Model, payment: Thing, kind: str, place: str, amount: int) -> Refused | None:
    """So much of what is held goes to a bill or a balance."""
    if payment.fields["status"] == "reversed":
        return REVERSED
    if amount > (payment.fields.get("amount_unapplied") or 0):
        return 422, "application_exceeds_unapplied", "/parts"
    one = model.find(f"{kind}s", place)
    if not one:
        return 404, f"{kind}_not_found", f"/parts/0/{kind}"
    if no := payments.refuse(one, amount, payment.fields["currency"], "/parts/0", payment.fields["amount"]):
        return no.refused
    payments.move(one, amount, "payment")
    payments.lead_to(payment, one)
    payment.fields["applications"] = [*payment.fields["applications"], {"amount": amount, f"{kind}_id": one.id}]
    payment.fields["amount_unapplied"] = payment.fields["amount_unapplied"] - amount or None
    return None


def there_of(payment: Thing, one: Thing) -> int:
    """What of a payment that stands is applied to something."""
    if payment.fields["status"] == "reversed":
        return 0
    told = payment.fields["applications"]
    return sum(part["amount"] for part in told if part.get(f"{one.kind[:-1]}_id") == one.id)


def unapply(model: Model, payment: Thing, kind: str, place: str, wanted: int | None) -> Refused | None:
    """Money is held again that went to a bill or a balance."""
    if payment.fields["status"] == "reversed":
        return REVERSED
    one = model.find(f"{kind}s", place)
    if not one:
        return 404, f"{kind}_not_found", f"/{kind}"
    there = there_of(payment, one)
    amount = there if wanted is None else wanted
    if not there or amount > there:
        return 422, "amount_exceeds_applied", "/amount"
    if stays := payments.not_restorable(one, amount, payment):
        return 422, stays, None
    payments.move(one, -amount, "release")
    hold(payment, one, amount)
    return None


def hold(payment: Thing, one: Thing, amount: int) -> None:
    """So much is taken back from what was applied last."""
    payment.fields["amount_unapplied"] = (payment.fields.get("amount_unapplied") or 0) + amount
    kept = []
    for told in reversed(payment.fields["applications"]):
        back = min(amount, told["amount"]) if told.get(f"{one.kind[:-1]}_id") == one.id else 0
        amount -= back
        if told["amount"] > back:
            kept.append(told | {"amount": told["amount"] - back})
    payment.fields["applications"] = kept[::-1]


def credit(model: Model, bill: Thing, amount: int) -> Refused | None:
    """A bill is lowered, and what is too much on it is held, what was applied last first."""
    if unsafe(amount):
        return *OUT_OF_RANGE, "/amount"
    if bill.fields["status"] == "voided":
        return 409, "bill_voided", None
    if amount > bill.fields["amount_due"] - (bill.settled - bill.fields["amount_paid"]):
        return 422, "credit_exceeds_bill", "/amount"
    bill.settle(credited=amount)
    left = min(amount, max(0, bill.settled - bill.fields["amount_due"]))
    there = [one for one in model.things["payments"].values() if there_of(one, bill)]
    for payment in sorted(there, key=lambda one: _last(one, bill), reverse=True):
        if back := min(left, there_of(payment, bill)):
            left -= back
            payments.move(bill, -back, "release")
            hold(payment, bill, back)
    return None


def _last(payment: Thing, bill: Thing) -> str:
    return max(str(told["id"]) for told in payment.fields["applications"] if told.get("bill_id") == bill.id)
