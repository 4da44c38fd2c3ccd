"""Customers, accounts and bills: made, changed, adjusted, voided."""

from datetime import UTC, datetime
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.journeys.model.books import Model, Refused, Thing
from tests.journeys.model.machine import Machine, Wish
from tests.journeys.model.requests import accounts, amounts, bills, changes, conditions, customers, numbers
from tests.running import new_key


class Commands(Machine):
    """Every command on what is paid."""

    def bad_shape(self, body: dict[str, Any], above: str = "") -> list[str]:
        """Where a new object has a balance and no currency."""
        found = [f"{above}/currency"] if body.get("balance") is not None and body.get("currency") is None else []
        for name in ("customer", "account"):
            if isinstance(body.get(name), dict):
                found += self.bad_shape(body[name], f"{above}/{name}")
        return found

    def create(self, kind: str, body: dict[str, Any], refused: Refused | None) -> httpx.Response | None:
        """The answer with the new object; None where it was refused, and rightly."""
        answer = self.send("POST", f"/billing/{kind}", body, new_key())
        if where := self.bad_shape(body):
            assert answer.status_code == 400, answer.text
            assert {error["pointer"] for error in answer.json()["errors"]} >= set(where)
            return None
        if refused:
            self.refused(answer, refused)
            return None
        self.made(answer, kind)
        return answer

    @rule(body=customers)
    def register_customer(self, body: dict[str, Any]) -> None:
        """POST /billing/customers."""
        if answer := self.create("customers", body, self.model.refuse_customer(body, "")):
            self.agrees(answer, self.model.add("customers", body, id=answer.json()["id"]))

    def with_customer(self, body: dict[str, Any], newcomer: dict[str, Any] | None, number: int) -> dict[str, Any]:
        """`body` for a new customer, or for one that may exist."""
        return body | {"customer": newcomer or self.name("customers", number)}

    @rule(body=accounts, newcomer=st.none() | customers, number=numbers)
    def open_account(self, body: dict[str, Any], newcomer: dict[str, Any] | None, number: int) -> None:
        """POST /billing/accounts, for a customer of either sort."""
        body = self.with_customer(body, newcomer, number)
        if answer := self.create("accounts", body, self.model.refuse_account(body, "")):
            made = answer.json()
            self.agrees(answer, self.add_account(body, made["id"], made["customer_id"]))

    def add_account(self, body: dict[str, Any], account_id: str, customer_id: str) -> Thing:
        """An account, and the customer that came along."""
        self.add_customer(body["customer"], customer_id)
        return self.model.add("accounts", body, id=account_id, customer_id=customer_id)

    def add_customer(self, customer: Any, customer_id: str) -> None:
        """The customer that came along; one who exists must be the one who was named."""
        if isinstance(customer, dict):
            self.model.add("customers", customer, id=customer_id)
        elif customer is not None:
            named = self.model.find("customers", customer)
            assert named
            assert named.id == customer_id

    @rule(
        body=bills,
        form=st.sampled_from(["customer", "new customer", "account", "new account", "both", "all", "neither"]),
        account=accounts,
        newcomer=st.none() | customers,
        one=numbers,
        other=numbers,
    )
    def make_bill(
        self,
        body: dict[str, Any],
        form: str,
        account: dict[str, Any],
        newcomer: dict[str, Any] | None,
        one: int,
        other: int,
    ) -> None:
        """POST /billing/bills, for every form of owner."""
        if form in ("customer", "both"):
            body = body | {"customer": self.name("customers", one)}
        if form in ("new customer", "all"):
            body = self.with_customer(body, newcomer, one)
        if form in ("account", "both"):
            body = body | {"account": self.name("accounts", other)}
        if form in ("new account", "all"):
            body = body | {"account": self.with_customer(account, newcomer if form != "all" else None, other)}
        if form == "neither":
            assert self.send("POST", "/billing/bills", body, new_key()).status_code == 400
            return
        early = body.get("bill_date") and body.get("due_date") and body["due_date"] < body["bill_date"]
        refused = (400, "validation_failed", None) if early else self.model.refuse_bill(body)
        if not (answer := self.create("bills", body, refused)):
            return
        made = answer.json()
        if isinstance(body.get("account"), dict):
            self.add_account(body["account"], made["account_id"], made["customer_id"])
        elif "account" not in body:
            self.add_customer(body["customer"], made["customer_id"])
        told: dict[str, Any] = {name: made[name] for name in ("id", "customer_id", "account_id") if name in made}
        if body.get("bill_date") is None:
            assert made["bill_date"] == min(f"{datetime.now(UTC):%Y-%m-%d}", body.get("due_date") or "9999")
            told["bill_date"] = made["bill_date"]
        self.agrees(answer, self.model.add("bills", body, **told))
        if "account" in body and (named := self.model.things["accounts"].get(made["account_id"])):
            assert named.fields["customer_id"] == made["customer_id"]

    @rule(body=changes["customers"], number=numbers, condition=conditions)
    def change_customer(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """PATCH /billing/customers/{customer}."""
        self.do(self.change(Model.change, "PATCH", "customers", "", body, number, condition))

    @rule(body=changes["accounts"], number=numbers, condition=conditions)
    def change_account(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """PATCH /billing/accounts/{account}."""
        self.do(self.change(Model.change, "PATCH", "accounts", "", body, number, condition))

    @rule(body=changes["bills"], number=numbers, condition=conditions)
    def change_bill(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """PATCH /billing/bills/{bill}."""
        self.do(self.change(Model.change_bill, "PATCH", "bills", "", body, number, condition))

    @rule(number=numbers, condition=conditions)
    def void(self, number: int, condition: str | None) -> None:
        """POST /billing/bills/{bill}/void."""
        self.do(self.to_void(number, condition))

    def to_void(self, number: int, condition: str | None = None) -> Wish:
        """To void a bill."""

        def done(answer: httpx.Response, bill: Thing) -> None:
            bill.fields["voided_at"] = answer.json().get("voided_at", "missing")
            self.agrees(answer, bill)

        return self.change(Model.void, "POST", "bills", "/void", {}, number, condition, done)

    @rule(
        kind=st.sampled_from(["accounts", "customers"]),
        amount=amounts.filter(bool),
        number=numbers,
        condition=conditions,
    )
    def adjust(self, kind: str, amount: int, number: int, condition: str | None) -> None:
        """POST …/adjustments."""
        self.do(self.to_adjust(kind, amount, number, condition))

    def to_adjust(self, kind: str, amount: int, number: int, condition: str | None = None) -> Wish:
        """To adjust a balance."""

        def done(answer: httpx.Response, one: Thing) -> None:
            entry = answer.json()
            assert (answer.status_code, entry.get("reason")) == (201, "because")
            assert (entry["kind"], entry["currency"], entry["amount"], entry["balance_after"]) == one.entries[-1]

        body = {"amount": amount, "reason": "because"}
        return self.change(Model.adjust, "POST", kind, "/adjustments", body, number, condition, done)
