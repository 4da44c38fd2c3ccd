"""What is read: objects, lists, the past; and requests that are sent once more."""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.journeys.model.books import Change, Thing
from tests.journeys.model.machine import Machine
from tests.journeys.model.payments import TARGETS
from tests.journeys.model.requests import currencies, keys, kinds, numbers, references, texts


def changes_in(entries: list[dict[str, Any]]) -> list[Change]:
    """What the model remembers of a ledger."""
    return [(entry["kind"], entry["currency"], entry["amount"], entry["balance_after"]) for entry in entries]


class Reading(Machine):
    """Nothing here changes anything."""

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
        if kind == "payments":
            known["account"] = numbers.map(lambda number: self.name("accounts", number))
            known["bill"] = numbers.map(lambda number: self.name("bills", number))
            known["status"] = st.sampled_from(["applied", "reversed"])
        asked = data.draw(st.fixed_dictionaries({}, optional=known))
        pairs = data.draw(st.dictionaries(keys, texts, max_size=1))
        found = self.caller.everything(
            f"/billing/{kind}", limit=limit, **asked, **{f"metadata[{key}]": value for key, value in pairs.items()}
        )
        assert found == [one.shown() for one in self.newest_first(kind) if self.fits(one, asked, pairs)]

    def fits(self, one: Thing, asked: dict[str, str], pairs: dict[str, str]) -> bool:
        """Whether a filtered list shows it."""
        for name, value in asked.items():
            if one.kind == "payments" and name in TARGETS:
                owner = self.model.find(TARGETS[name], value)
                if not owner or owner.id not in one.led_to:
                    return False
            elif name in ("customer", "account"):
                owner = self.model.find(f"{name}s", value)
                if not owner or one.fields.get(f"{name}_id") != owner.id:
                    return False
            elif one.fields.get(name) != value or (name == "external_reference" and "represented_by" in one.fields):
                return False
        return pairs.items() <= (one.fields.get("metadata") or {}).items()

    def teardown(self) -> None:
        """At the end of a sequence everything is as the model says, and every balance the sum of its entries."""
        for kind, things in self.model.things.items():
            assert self.caller.everything(f"/billing/{kind}") == [one.shown() for one in self.newest_first(kind)]
            for one in things.values():
                path = f"/billing/{kind}/{one.id}"
                if kind in ("customers", "accounts"):
                    entries = self.caller.everything(f"{path}/entries", limit=100)[::-1]
                    assert changes_in(entries) == one.entries
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
