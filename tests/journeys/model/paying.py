"""Payments: taken whole or spread over bills, previewed, taken back; and what is payable."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.journeys.model import payments
from tests.journeys.model.books import DECIMALS, Model, Refused, Thing
from tests.journeys.model.machine import Machine, Wish
from tests.journeys.model.requests import (
    conditions,
    numbers,
    paid_amounts,
    parts,
    payment_extras,
    payment_kinds,
    reversals,
)
from tests.running import new_key

Parts = list[tuple[int, Any]]


@dataclass(frozen=True)
class Money:
    """What somebody means to pay: for what, how much, and how it is to be spread."""

    kind: str
    number: int
    amount: Any
    extras: dict[str, Any]
    currency: str | None = None
    form: str = "whole"
    parts: Parts = field(default_factory=list)


def monies(numbers: st.SearchStrategy[int], currency: st.SearchStrategy[str | None]) -> st.SearchStrategy[Money]:
    """Payments for things of these numbers, whole ones and spread ones."""
    whole = {"amount": paid_amounts, "extras": payment_extras, "currency": currency, "number": numbers}
    owners = st.sampled_from(["account", "customer"])
    return st.one_of(
        st.builds(Money, kind=st.sampled_from(["bill", "bill", "account", "customer"]), **whole),
        st.builds(Money, kind=owners, form=st.just("oldest"), **whole),
        st.builds(Money, kind=owners, form=st.just("parts"), parts=parts, **whole),
    )


mostly_its_own = st.sampled_from([None] * 12 + sorted(DECIMALS))
"""The currency of a payment; None: that of what is paid."""


class Paying(Machine):
    """Every command on payments."""

    @rule(several=st.lists(monies(numbers | st.just(0), mostly_its_own), min_size=1, max_size=3), condition=conditions)
    def pay(self, several: list[Money], condition: str | None) -> None:
        """POST /billing/payments, perhaps only if what is payable is what was seen."""
        for money in several:
            body = self.payment(money)
            target = payments.target_of(self.model, body)
            if_match, holds = self.payable_condition(target, condition) if target else (None, True)
            self.do(self.to_pay(body, if_match, holds=holds))

    def to_pay(self, body: dict[str, Any], if_match: str | None = None, *, holds: bool = True) -> Wish:
        """To take a payment."""

        def check(answer: httpx.Response) -> None:
            applied = self.applied(answer, body, holds=holds)
            if applied is None:
                return
            self.made(answer, "payments")
            made = answer.json()
            told: dict[str, Any] = {name: made[name] for name in ("id", "paid_at", "applications")}
            assert body.get("paid_at") in (None, told["paid_at"])
            for application in told["applications"]:
                assert re.fullmatch("ob_[0-9A-Za-z]{21,}", application["id"])
            plain = [{name: one[name] for name in one if name != "id"} for one in told["applications"]]
            assert plain == payments.shown_applied(applied)
            self.agrees(answer, payments.record(self.model, body, applied, **told))

        return Wish("POST", "/billing/payments", body, check, new_key(), if_match)

    def applied(self, answer: httpx.Response, body: dict[str, Any], *, holds: bool) -> payments.Applied | None:
        """What a payment goes to; None where it was refused, and rightly."""
        found = payments.refuse_before_condition(self.model, body)
        if not found and not holds:
            self.refused(answer, (412, "etag_mismatch", None))
            return None
        outcome = found or payments.apply(self.model, body)
        if not isinstance(outcome, payments.No):
            return outcome
        self.refused(answer, outcome.refused)
        problem, of = answer.json(), outcome.of
        assert problem.get("outstanding") == (of.outstanding if of else None)
        assert problem.get("payment_rules") == (of.shown().get("payment_rules") if of else None)
        return None

    @rule(money=monies(numbers | st.just(0), mostly_its_own), then_pay=st.booleans())
    def preview(self, money: Money, then_pay: bool) -> None:
        """POST /billing/payments?preview=true: nothing changes, and a payment would be answered the same."""
        body = self.payment(money)
        answer = self.caller.post("/billing/payments?preview=true", body)
        applied = self.applied(answer, body, holds=True)
        if applied is not None:
            assert (answer.status_code, answer.json()) == (200, payments.previewed(body, applied))
        if then_pay:
            self.do(self.to_pay(body))

    @rule(body=reversals, number=numbers, condition=conditions)
    def reverse(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """POST /billing/payments/{payment}/reverse."""
        # Not a precondition: who wins a race must not decide which rules there are when a sequence is run again.
        if self.model.things["payments"]:
            self.do(self.to_reverse(body, number, condition))

    def to_reverse(self, body: dict[str, Any], number: int, condition: str | None = None) -> Wish:
        """To take a payment back."""

        def done(answer: httpx.Response, payment: Thing) -> None:
            back = answer.json().get("reversal") or {}
            sent = {name: value for name, value in body.items() if value is not None}
            assert back == sent | payment.fields["reversal"] | {"reversed_at": back.get("reversed_at", "missing")}
            payment.fields["reversal"] = back
            self.agrees(answer, payment)

        def how(model: Model, payment: Thing, body: dict[str, Any]) -> Refused | None:
            return payments.reverse(model, payment, body)

        return self.change(how, "POST", "payments", "/reverse", body, number, condition, done)

    @rule(kind=payment_kinds, number=numbers)
    def look_what_is_payable(self, kind: str, number: int) -> None:
        """GET …/payable by id or reference."""
        name = self.name(f"{kind}s", number)
        if one := self.model.find(f"{kind}s", name):
            self.payable_tag(one, name)
        else:
            answer = self.caller.get(f"/billing/{kind}s/{quote(name, safe='')}/payable")
            self.refused(answer, (404, f"{kind}_not_found", None))

    def payable_tag(self, one: Thing, name: str) -> str | None:
        """The tag of what is payable of it, which is as the model says; None where that cannot be told."""
        answer = self.caller.get(f"/billing/{one.kind}/{quote(name, safe='')}/payable")
        expected = payments.payable(self.model, one)
        if expected is None:
            assert (answer.status_code, answer.json()["code"]) == (422, "amount_out_of_range")
            return None
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        if "reason" in shown:
            assert shown["reason"].pop("detail")
        assert shown == expected
        tag: str = answer.headers["etag"]
        self.seen.setdefault(f"payable {one.id}", []).append((shown, tag))
        return tag

    def payable_condition(self, target: Thing, condition: str | None) -> tuple[str | None, bool]:
        """An If-Match header for a payment, and whether it holds."""
        if condition in (None, "*"):
            return condition, True
        now = self.payable_tag(target, target.id)
        if now is None:
            return None, True
        tag = now if condition == "now" else self.seen[f"payable {target.id}"][0][1]
        return tag, tag == now

    # What is sent -----------------------------------------------------------------------------------------------

    def payment(self, money: Money) -> dict[str, Any]:
        """The body of a payment: mostly one that may be had."""
        name = self.name(f"{money.kind}s", money.number)
        target = self.model.find(f"{money.kind}s", name)
        currency = money.currency or (target and target.fields.get("currency")) or "ZAR"
        body = {"amount": self.amount(target, money.amount), "currency": currency, money.kind: name}
        if money.kind != "bill" and money.form == "parts":
            named = self.named_parts(target, currency, money.parts)
            body["parts"] = named
            # What is left is for the balance; mostly nothing is.
            left = body["amount"] if money.amount in ("less", 100, 600) else 0
            body["amount"] = left + sum(part["amount"] for part in named)
        elif money.kind != "bill" and money.form == "oldest":
            body["allocation"] = "oldest_due_first"
            if target and money.amount in ("all", "less", "more"):
                bills = [self.amount(bill, "all") for bill in self.bills_of(target)]
                body["amount"] = self.amount(target, money.amount) + sum(bills)
        return body | money.extras

    def amount(self, one: Thing | None, wanted: Any) -> int:
        """So much, or what is outstanding, or one more or less than that."""
        left = (one.outstanding if one else None) or 0
        found: int = {"all": left, "less": left - 1, "more": left + 1}.get(wanted, wanted)
        return max(1, found)

    def bills_of(self, target: Thing) -> Sequence[Thing]:
        """Its open bills."""
        found = [one for one in self.model.things["bills"].values() if one.fields["status"] == "unpaid"]
        return [one for one in found if one.fields.get(f"{target.kind[:-1]}_id") == target.id]

    def named_parts(self, target: Thing | None, currency: str, wanted: Parts) -> list[dict[str, Any]]:
        """The parts of a payment, mostly for bills that are the payer's."""
        mine = [bill for bill in self.bills_of(target) if bill.fields["currency"] == currency] if target else []
        found: dict[str, dict[str, Any]] = {}
        for number, amount in wanted:
            if mine and number % 16:
                bill: Thing | None = mine[number % len(mine)]
                assert bill
                name = self.one_name(bill, number)
            else:
                name = self.name("bills", number)
                bill = self.model.find("bills", name)
            found[name] = {"bill": name, "amount": self.amount(bill, amount)}
        return list(found.values())
