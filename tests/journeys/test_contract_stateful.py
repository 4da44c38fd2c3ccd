"""Random sequences of every command against the real server, beside a small model of what the contract promises."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from dues.db.database import Database
from dues.db.transaction import Row
from tests.conftest import Ask, Merchant
from tests.journeys.journal import SOAK
from tests.running import new_key

EXAMPLES, STEPS = (150, 80) if SOAK else (25, 50)

MAX = 2**53 - 1

DECIMALS = {"ZAR": 2, "JPY": 0, "BHD": 3}

PREFIXES = {"customers": "bcus_", "accounts": "bacc_", "bills": "bill_"}

LOOSE = {"min_amount": 1, "max_amount": MAX, "underpayment_allowed": True, "overpayment_allowed": True}
STRICT = LOOSE | {"overpayment_allowed": False, "max_amount": 10}


# The model ----------------------------------------------------------------------------------------------------------


@dataclass
class Thing:
    """A customer, an account or a bill: `fields` is its JSON but for the rules it is shown with, `rules` its own."""

    kind: str
    fields: dict[str, Any]
    rules: dict[str, Any] | None = None
    entries: list[tuple[str, str, int, int]] = field(default_factory=list)
    """(kind, currency, amount, balance after), oldest first; not those of a bill."""

    @property
    def id(self) -> str:
        """Its id."""
        found: str = self.fields["id"]
        return found

    def shown(self, **then: Any) -> dict[str, Any]:
        """Its JSON; `then` is what was otherwise at another time."""
        shown = {name: value for name, value in (self.fields | then).items() if value not in (None, {})}
        if "balance" in shown or self.kind == "bills":
            smallest = max(100, 10 ** DECIMALS[shown["currency"]])
            default = LOOSE | {"min_amount": smallest, "max_amount": 5000 * smallest, "overpayment_allowed": False}
            shown["payment_rules"] = self.rules or default
        if self.kind == "bills":
            shown["amount_remaining"] = max(0, shown["amount_due"] - shown["amount_paid"])
        return shown

    def track(self, currency: str | None, balance: int | None) -> None:
        """Its balance becomes this, and the ledger tells how."""
        old, old_currency = self.fields.get("balance"), self.fields.get("currency")
        self.fields |= {"currency": currency, "balance": balance}
        if (old, old_currency) == (balance, currency):
            return
        if old is not None and balance is not None and old_currency == currency:
            self.entries.append(("adjustment", str(currency), balance - old, balance))
            return
        if old is not None:
            self.entries.append(("closing", str(old_currency), -old, 0))
        if balance is not None:
            self.entries.append(("opening", str(currency), balance, balance))


Refused = tuple[int, str, str | None]
"""(status, code, pointer)"""

OUT_OF_RANGE = (422, "amount_out_of_range")


def unsafe(*amounts: int | None) -> bool:
    """Whether any of these is outside what every client holds exactly."""
    return any(amount is not None and abs(amount) > MAX for amount in amounts)


class Model:
    """What a merchant has, and what the contract says that each command makes of it, or is refused for."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Thing]] = {kind: {} for kind in PREFIXES}

    def find(self, kind: str, name: str) -> Thing | None:
        """Whatever has this id or reference."""
        if name.startswith(PREFIXES[kind]):
            return self.things[kind].get(name)
        return next((one for one in self.things[kind].values() if one.fields["external_reference"] == name), None)

    def refuse_customer(self, body: dict[str, Any], at: str) -> Refused | None:
        """Why there is no such new customer."""
        if unsafe(body.get("balance")):
            return *OUT_OF_RANGE, f"{at}/balance"
        if self.find("customers", body["external_reference"]):
            return 409, "external_reference_taken", f"{at}/external_reference"
        return None

    def refuse_account(self, body: dict[str, Any], at: str) -> Refused | None:
        """Why there is no such new account."""
        if unsafe(body.get("balance")):
            return *OUT_OF_RANGE, f"{at}/balance"
        if isinstance(body["customer"], dict):
            if refused := self.refuse_customer(body["customer"], f"{at}/customer"):
                return refused
        elif not self.find("customers", body["customer"]):
            return 404, "customer_not_found", f"{at}/customer"
        if self.find("accounts", body["external_reference"]):
            return 409, "external_reference_taken", f"{at}/external_reference"
        return None

    def refuse_bill(self, body: dict[str, Any]) -> Refused | None:
        """Why there is no such new bill."""
        customer, account = body.get("customer"), body.get("account")
        if unsafe(body["amount_due"]):
            return *OUT_OF_RANGE, "/amount_due"
        if (body.get("due_date") or "9999") < (body.get("bill_date") or f"{datetime.now(UTC):%Y-%m-%d}"):
            return 400, "validation_failed", "/due_date"
        if refused := self._refuse_owner(customer, account):
            return refused
        owner = account or customer
        if isinstance(owner, str):
            found = self.find("accounts" if account else "customers", owner)
            owner = found.fields if found else {}
        if owner and owner.get("currency") not in (None, body["currency"]):
            return 422, "currency_mismatch", "/currency"
        if self.find("bills", body["external_reference"]):
            return 409, "external_reference_taken", "/external_reference"
        return None

    def _refuse_owner(self, customer: Any, account: Any) -> Refused | None:
        if account is None:
            if isinstance(customer, dict):
                return self.refuse_customer(customer, "/customer")
            return None if self.find("customers", customer) else (404, "customer_not_found", "/customer")
        if isinstance(account, dict):
            if refused := self.refuse_account(account, "/account"):
                return refused
            found = self.find("customers", account["customer"]) if isinstance(account["customer"], str) else None
            owner_id = found.id if found else None
        elif one := self.find("accounts", account):
            owner_id = one.fields["customer_id"]
        else:
            return 404, "account_not_found", "/account"
        if isinstance(customer, dict):
            return 422, "owner_mismatch", "/customer"
        if customer is None:
            return None
        if not (named := self.find("customers", customer)):
            return 404, "customer_not_found", "/customer"
        return None if named.id == owner_id else (422, "owner_mismatch", "/customer")

    def add(self, kind: str, body: dict[str, Any], **told: Any) -> Thing:
        """What a good request makes, with what only the server can know of it."""
        fields = {name: value for name, value in body.items() if name not in ("payment_rules", "customer", "account")}
        balance, currency = fields.pop("balance", None), fields.pop("currency", None)
        one = Thing(kind, fields | told, body.get("payment_rules"))
        if kind == "bills":
            one.fields |= {"currency": currency, "amount_paid": 0, "status": "unpaid"}
        else:
            one.track(currency, balance)
        self.things[kind][one.id] = one
        return one

    def change(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        """A PATCH of a customer or an account."""
        old, old_currency = one.fields.get("balance"), one.fields.get("currency")
        balance, currency = body.get("balance", old), body.get("currency", old_currency)
        if balance is not None and currency is None:
            return 400, "validation_failed", "/currency"
        if None not in (old, balance) and currency != old_currency and "balance" not in body:
            return 422, "currency_mismatch", "/currency"
        if unsafe(balance, (balance or 0) - (old or 0) if currency == old_currency else None):
            return *OUT_OF_RANGE, "/balance"
        if refused := self._merge(one, body):
            return refused
        one.track(currency, balance)
        one.rules = body.get("payment_rules", one.rules)
        one.fields |= {name: body[name] for name in ("name", "email", "phone") if name in body}
        return None

    def pay(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        """A PATCH of a bill."""
        paid, now = body.get("amount_paid", one.fields["amount_paid"]), one.fields
        if now["status"] == "voided":
            return 409, "bill_voided", None
        if body.get("currency", now["currency"]) != now["currency"]:
            return 422, "currency_mismatch", "/currency"
        if unsafe(paid):
            return *OUT_OF_RANGE, "/amount_paid"
        if paid > max(now["amount_due"], now["amount_paid"]) and not (one.rules or STRICT)["overpayment_allowed"]:
            return 422, "overpayment_not_allowed", "/amount_paid"
        if refused := self._merge(one, body):
            return refused
        now |= {"amount_paid": paid, "status": "paid" if paid >= now["amount_due"] else "unpaid"}
        return None

    def void(self, one: Thing, _body: dict[str, Any]) -> Refused | None:
        """A POST to a bill's void."""
        if one.fields["status"] == "voided":
            return 409, "bill_voided", None
        if one.fields["amount_paid"]:
            return 409, "bill_paid", None
        one.fields["status"] = "voided"
        return None

    def adjust(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        """A POST to adjustments."""
        balance = one.fields.get("balance")
        if balance is None:
            return 422, "balance_not_tracked", None
        if unsafe(body["amount"], balance + body["amount"]):
            return *OUT_OF_RANGE, "/amount"
        one.track(one.fields["currency"], balance + body["amount"])
        return None

    def _merge(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        if "metadata" in body:
            both = (one.fields.get("metadata") or {}) | (body["metadata"] or {}) if body["metadata"] else {}
            if body["metadata"] == {}:
                both = one.fields.get("metadata") or {}
            merged = {key: value for key, value in both.items() if value is not None}
            if len(merged) > 10:
                return 400, "validation_failed", "/metadata"
            one.fields["metadata"] = merged
        return None


# What is asked for ----------------------------------------------------------------------------------------------------

numbers = st.integers(0, 99)
odd_references = st.sampled_from(["one", "INV/3", "four é", "5%2F", "bacc_no", "+7 '\"\\"])
references = odd_references | numbers.map(lambda number: f"number {number}")
own_references = references.filter(lambda text: not text.startswith("bacc_"))
currencies = st.sampled_from(sorted(DECIMALS))
amounts = st.sampled_from([1, -1, 7, -70, 500, -500, 2000, 4321, 0, 99, 12, MAX, -MAX, MAX + 1])
texts = st.text(st.sampled_from("aé/ 漢'\\\"%🙂"), max_size=5)
keys = st.sampled_from(["a", "bb", "z", "a b", "~/", *[f"k{number}" for number in range(9)]])
rules = st.sampled_from([LOOSE, STRICT])


def sometimes(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these members, some of them null."""
    return st.fixed_dictionaries({}, optional={name: st.none() | value for name, value in members.items()})


def together(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the members of all parts."""
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


def reference(allowed: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """The member that every new object has."""
    return st.fixed_dictionaries({"external_reference": allowed})


new_metadata = st.dictionaries(keys, texts, max_size=4)
metadata_changes = st.dictionaries(keys, st.none() | texts, max_size=9)
personal = {"email": st.just("jane@example.com"), "phone": st.just("+27821234567")}
common = {"name": texts, "payment_rules": rules}
money = {"currency": currencies, "balance": amounts}
counted = st.fixed_dictionaries(money) | st.fixed_dictionaries(money) | sometimes(**money)
customers = together(reference(references), sometimes(**common, **personal, metadata=new_metadata), counted)
accounts = together(reference(own_references), sometimes(**common, metadata=new_metadata), counted)
days = st.sampled_from(["2999-12-31", "2999-12-31", "2026-01-01", "2001-02-03"])
bills = together(
    reference(references),
    st.fixed_dictionaries(
        {"currency": currencies, "amount_due": st.sampled_from([1, 700, 1500, 1501, 5000, MAX, MAX + 1])}
    ),
    sometimes(bill_date=days, due_date=days, payment_rules=rules, metadata=new_metadata),
)
changes = {
    "customers": sometimes(**common, **money, **personal, metadata=metadata_changes),
    "accounts": sometimes(**common, **money, metadata=metadata_changes),
    "bills": together(
        st.fixed_dictionaries(
            {}, optional={"amount_paid": st.sampled_from([0, 1, 700, 1500, 6000, MAX + 1]), "currency": currencies}
        ),
        sometimes(metadata=metadata_changes),
    ),
}
conditions = st.sampled_from([None, None, None, "*", "now", "seen"])
kinds = st.sampled_from(sorted(PREFIXES))


@dataclass(frozen=True)
class Sent:
    """A request whose answer is stored under its key."""

    method: str
    path: str
    body: Any
    key: str
    answer: httpx.Response


# The machine ----------------------------------------------------------------------------------------------------------


class Contract(RuleBasedStateMachine):
    """Sends, and compares every answer with the model's."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.sent: list[Sent] = []
        self.seen: dict[str, list[tuple[dict[str, Any], str]]] = {}

    def new_merchant(self) -> Merchant:
        """A merchant that nobody else uses."""
        raise NotImplementedError

    @initialize()
    def come_in(self) -> None:
        """A new merchant for every sequence, with one of each."""
        self.caller = self.new_merchant().caller()
        money = {"currency": "ZAR", "balance": 500, "metadata": {"z": "last", "a": "first"}}
        self.register_customer({"external_reference": "the first"} | money)
        self.open_account({"external_reference": "the first"} | money, None, 1)
        bill = {"external_reference": "the first", "currency": "ZAR", "amount_due": 1500}
        self.make_bill(bill, "account", {}, None, 1, 1)

    def send(self, method: str, path: str, body: Any, key: str | None, if_match: str | None = None) -> httpx.Response:
        """Sends; remembers what must be answered the same again."""
        headers = {"Idempotency-Key": key} if key else {}
        if if_match:
            headers["If-Match"] = if_match
        answer = self.caller.http.request(method, path, json=body, headers=headers)
        assert "idempotent-replayed" not in answer.headers
        if key and (answer.status_code < 300 or answer.status_code in (404, 409, 422)):
            self.sent.append(Sent(method, path, body, key, answer))
        return answer

    def agrees(self, answer: httpx.Response, one: Thing) -> None:
        """It was answered with this object as it is now, and with the tag that this always has."""
        assert answer.status_code in (200, 201), answer.text
        assert answer.json() == one.shown()
        known = self.seen.setdefault(one.id, [])
        assert {tag for shown, tag in known if shown == one.shown()} <= {answer.headers["etag"]}
        known.append((one.shown(), answer.headers["etag"]))

    def refused(self, answer: httpx.Response, refused: Refused) -> None:
        """It was refused for this reason."""
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem.get("pointer")) == refused

    def name(self, kind: str, number: int) -> str:
        """A name for what exists, by id or reference, or now and then for nothing."""
        known = list(self.model.things[kind].values())
        if not known or number >= 95:
            return [f"{PREFIXES[kind]}{'0' * 21}", "nothing", "é/?"][number % 3]
        return str(known[number % len(known)].fields[("id", "external_reference")[number // 7 % 2]])

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
        assert answer.status_code == 201, answer.text
        assert re.fullmatch(PREFIXES[kind] + "[0-9A-Za-z]{21,}", answer.json()["id"])
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
            assert made["bill_date"] == f"{datetime.now(UTC):%Y-%m-%d}"
            told["bill_date"] = made["bill_date"]
        self.agrees(answer, self.model.add("bills", body, **told))
        if "account" in body and (named := self.model.things["accounts"].get(made["account_id"])):
            assert named.fields["customer_id"] == made["customer_id"]

    def condition(self, one: Thing, condition: str | None, number: int) -> tuple[str | None, bool]:
        """An If-Match header, and whether it holds."""
        if condition in (None, "*"):
            return condition, True
        if condition == "now":
            self.agrees(self.caller.get(f"/billing/{one.kind}/{one.id}"), one)
            return self.seen[one.id][-1][1], True
        known = self.seen.get(one.id) or [({}, '"never"')]
        shown, tag = known[number % len(known)]
        return tag, shown == one.shown()

    def ask(
        self,
        change: Callable[[Thing, dict[str, Any]], Refused | None],
        method: str,
        kind: str,
        below: str,
        body: dict[str, Any],
        number: int,
        condition: str | None,
    ) -> tuple[Thing, httpx.Response] | None:
        """Asks for a change of something; None where it was refused, and rightly."""
        name = self.name(kind, number)
        one = self.model.find(kind, name)
        if_match, holds = self.condition(one, condition, number) if one else (None, True)
        key = new_key() if method == "POST" or number % 3 else None
        answer = self.send(method, f"/billing/{kind}/{quote(name, safe='')}{below}", body, key, if_match)
        if not one:
            self.refused(answer, (404, f"{kind[:-1]}_not_found", None))
        elif not holds:
            self.refused(answer, (412, "etag_mismatch", None))
        elif refused := change(one, body):
            self.refused(answer, refused)
        else:
            return one, answer
        return None

    @rule(body=changes["customers"], number=numbers, condition=conditions)
    def change_customer(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """PATCH /billing/customers/{customer}."""
        if done := self.ask(self.model.change, "PATCH", "customers", "", body, number, condition):
            self.agrees(done[1], done[0])

    @rule(body=changes["accounts"], number=numbers, condition=conditions)
    def change_account(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """PATCH /billing/accounts/{account}."""
        if done := self.ask(self.model.change, "PATCH", "accounts", "", body, number, condition):
            self.agrees(done[1], done[0])

    @rule(body=changes["bills"], number=numbers, condition=conditions)
    def pay(self, body: dict[str, Any], number: int, condition: str | None) -> None:
        """PATCH /billing/bills/{bill}."""
        if done := self.ask(self.model.pay, "PATCH", "bills", "", body, number, condition):
            self.agrees(done[1], done[0])

    @rule(number=numbers, condition=conditions)
    def void(self, number: int, condition: str | None) -> None:
        """POST /billing/bills/{bill}/void."""
        if done := self.ask(self.model.void, "POST", "bills", "/void", {}, number, condition):
            self.agrees(done[1], done[0])

    @rule(
        kind=st.sampled_from(["accounts", "customers"]),
        amount=amounts.filter(bool),
        number=numbers,
        condition=conditions,
    )
    def adjust(self, kind: str, amount: int, number: int, condition: str | None) -> None:
        """POST …/adjustments."""
        body = {"amount": amount, "reason": "because"}
        if done := self.ask(self.model.adjust, "POST", kind, "/adjustments", body, number, condition):
            one, answer = done
            entry = answer.json()
            assert (answer.status_code, entry["reason"]) == (201, "because")
            assert (entry["kind"], entry["currency"], entry["amount"], entry["balance_after"]) == one.entries[-1]

    @rule(kind=kinds, number=numbers)
    def read(self, kind: str, number: int) -> None:
        """GET by id or reference."""
        name = self.name(kind, number)
        answer = self.caller.get(f"/billing/{kind}/{quote(name, safe='')}")
        if one := self.model.find(kind, name):
            self.agrees(answer, one)
        else:
            self.refused(answer, (404, f"{kind[:-1]}_not_found", None))

    @precondition(lambda self: self.sent)
    @rule(number=numbers)
    def send_again(self, number: int) -> None:
        """The same request under the same key, however much later."""
        first = self.sent[-1 - number % len(self.sent)]
        headers = {"Idempotency-Key": first.key, "If-Match": '"whatever"'}
        answer = self.caller.http.request(first.method, first.path, json=first.body, headers=headers)
        assert (answer.status_code, answer.content) == (first.answer.status_code, first.answer.content)
        assert answer.headers["idempotent-replayed"] == "true"
        assert answer.headers.get("etag") == first.answer.headers.get("etag")

    @precondition(lambda self: self.sent)
    @rule(number=numbers, reference=references)
    def reuse_a_key(self, number: int, reference: str) -> None:
        """Another request under a key that was used."""
        first = self.sent[-1 - number % len(self.sent)]
        answer = self.caller.post("/billing/customers", {"external_reference": reference, "name": "Reuse"}, first.key)
        self.refused(answer, (422, "idempotency_key_reused", None))
        assert f"{first.method} {first.path}" in answer.json()["detail"]

    @rule(kind=kinds, data=st.data(), limit=st.integers(1, 6))
    def list_them(self, kind: str, data: st.DataObject, limit: int) -> None:
        """GET of a list with some of its filters, page by page."""
        known: dict[str, st.SearchStrategy[str]] = {"currency": currencies, "external_reference": references}
        if kind != "customers":
            known["customer"] = numbers.map(lambda number: self.name("customers", number))
        if kind == "bills":
            known["account"] = numbers.map(lambda number: self.name("accounts", number))
            known["status"] = st.sampled_from(["unpaid", "paid", "voided"])
        asked = data.draw(st.fixed_dictionaries({}, optional=known))
        pairs = data.draw(st.dictionaries(keys, texts, max_size=1))
        found = self.caller.everything(
            f"/billing/{kind}", limit=limit, **asked, **{f"metadata[{key}]": value for key, value in pairs.items()}
        )
        assert found == [one.shown() for one in self.newest_first(kind) if self.fits(one, asked, pairs)]

    def newest_first(self, kind: str) -> Sequence[Thing]:
        """Everything of a kind, in the order of a list."""
        return sorted(self.model.things[kind].values(), key=lambda one: one.id, reverse=True)

    def fits(self, one: Thing, asked: dict[str, str], pairs: dict[str, str]) -> bool:
        """Whether a filtered list shows it."""
        for name, value in asked.items():
            if name in ("customer", "account"):
                owner = self.model.find(f"{name}s", value)
                if not owner or one.fields.get(f"{name}_id") != owner.id:
                    return False
            elif one.fields.get(name) != value:
                return False
        return pairs.items() <= (one.fields.get("metadata") or {}).items()

    def teardown(self) -> None:
        """At the end of a sequence everything is as the model says, and every balance the sum of its entries."""
        for kind, things in self.model.things.items():
            assert self.caller.everything(f"/billing/{kind}") == [one.shown() for one in self.newest_first(kind)]
            for one in things.values():
                path = f"/billing/{kind}/{one.id}"
                if kind != "bills":
                    entries = self.caller.everything(f"{path}/entries", limit=100)[::-1]
                    told = [(e["kind"], e["currency"], e["amount"], e["balance_after"]) for e in entries]
                    assert told == one.entries
                    assert sum(entry["amount"] for entry in entries) == (one.fields.get("balance") or 0)
                    self.look_back(one, path, entries)

    def look_back(self, one: Thing, path: str, entries: list[dict[str, Any]]) -> None:
        """At the time of its middle entry it had the balance of the last one of that instant."""
        if entries:
            time = entries[len(entries) // 2]["created_at"]
            last = [entry for entry in entries if entry["created_at"] == time][-1]
            balance = None if last["kind"] == "closing" else last["balance_after"]
            currency = one.fields["currency"] if balance is None else last["currency"]
            then = self.caller.http.get(path, params={"as_of": time}).json()
            assert then == one.shown(balance=balance, currency=currency)


CHAINS = """
select e.owner_id, array_agg(e.number order by e.number) as numbers, sum(e.amount)::bigint as total,
       max(b.amount_paid) as amount_paid
  from entries e
  join tenants t on t.id = e.tenant_id and t.merchant_id = any($1::text[])
  left join bills b on b.tenant_id = e.tenant_id and b.id = e.owner_id
 group by e.owner_id
"""


def test_the_server_does_what_the_contract_says(new_merchant: Callable[[], Merchant], ask: Ask[list[Row]]) -> None:
    merchants: list[str] = []

    class Here(Contract):
        """On the server of this run."""

        def new_merchant(self) -> Merchant:
            made = new_merchant()
            merchants.append(made.id)
            return made

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Ids and times are never the same again, so looking for a shorter sequence takes minutes and finds little.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
            print_blob=True,
        ),
    )

    async def chains(database: Database) -> list[Row]:
        return await database.rows(CHAINS, merchants)

    found = ask(chains)
    assert len(found) > EXAMPLES
    for row in found:
        assert row["numbers"] == list(range(1, len(row["numbers"]) + 1))
        if row["owner_id"].startswith("bill_"):
            assert row["total"] == row["amount_paid"]
