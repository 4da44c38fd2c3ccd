"""A batch is the same calls one by one: every answer, every object, every entry and every event."""

import json
import os
import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from tests.conftest import Merchant
from tests.resources.batch.batching import Line, line, send
from tests.running import Caller

EXAMPLES = 150 if os.environ.get("DUES_TEST_SOAK") else 12

FEW = some.integers(0, 2)

AMOUNTS = some.sampled_from([1, 50, 100, 300, 1_000])

KEYS = some.sampled_from([*"abc", *[None] * 20])
"""Mostly none is used twice."""

ID = re.compile(r"(?:bcus|bacc|bill|pay|ob|cred|ref|evt|ent|key|req)_[0-9A-Za-z]{21}")

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


AT_FIRST: list[tuple[str, dict[str, Any]]] = [
    ("accounts", {"customer": {"external_reference": "customer-0"}, "external_reference": "account-0"}),
    ("bills", {"account": "account-0", "external_reference": "bill-0", "currency": "ZAR", "amount_due": 400}),
    ("payments", {"bill": "bill-0", "external_reference": "payment-0", "amount": 250, "currency": "ZAR"}),
    (
        "payments",
        {"account": "account-0", "external_reference": "payment-1", "amount": 900, "currency": "ZAR", "rest": "hold"},
    ),
]
"""So that something is there to be applied, taken back and refunded."""


@some.composite
def lines(draw: some.DrawFn) -> list[Line]:
    """Calls on a few objects, which depend on each other in every way; some of them are refused."""
    made = [line(path, body, f"at first {number}".replace(" ", "-")) for number, (path, body) in enumerate(AT_FIRST)]
    for number in range(draw(some.integers(20, 28))):
        path, body, method = draw(some.sampled_from(CALLS))(draw, number)
        made.append(line(path, body, draw(KEYS) or f"key-{number}", method))
    return made


Drawn = tuple[str, Any, str]


def _owner(draw: some.DrawFn) -> dict[str, str]:
    noun = draw(some.sampled_from(["customer", "account"]))
    return {noun: f"{noun}-{draw(FEW)}"}


def register_customer(draw: some.DrawFn, _: int) -> Drawn:
    """Some track a balance."""
    tracked = draw(some.sampled_from([{}, {"currency": "ZAR", "balance": 500}]))
    return "customers", {"external_reference": f"customer-{draw(FEW)}"} | tracked, "POST"


def open_account(draw: some.DrawFn, _: int) -> Drawn:
    """For one who is there, or a new one."""
    name = f"customer-{draw(FEW)}"
    customer = draw(some.sampled_from([name, {"external_reference": name}]))
    tracked = draw(some.sampled_from([{}, {"currency": "ZAR", "balance": 500}]))
    return "accounts", {"customer": customer, "external_reference": f"account-{draw(FEW)}"} | tracked, "POST"


def make_bill(draw: some.DrawFn, number: int) -> Drawn:
    """No two are due on one day: which of two that are is paid first, their ids say."""
    due = {"amount_due": draw(AMOUNTS), "due_date": f"2199-01-{number + 1:02}", "bill_date": "2026-01-01"}
    return "bills", {"external_reference": f"bill-{draw(FEW)}", "currency": "ZAR"} | _owner(draw) | due, "POST"


def pay(draw: some.DrawFn, number: int) -> Drawn:
    """A bill or a balance, in parts, oldest first, or held."""
    what = draw(some.sampled_from([{"bill": f"bill-{draw(FEW)}"}, _owner(draw)]))
    how: list[dict[str, Any]] = [{}, {"rest": "hold"}]
    if "bill" not in what:
        how += [{"allocation": "oldest_due_first", "rest": "hold"}, {"parts": [{"bill": "bill-0", "amount": 50}]}]
    body = {"external_reference": f"payment-{draw(FEW)}", "amount": draw(AMOUNTS), "currency": "ZAR"}
    return "payments", body | what | draw(some.sampled_from(how)) | {"paid_at": "2026-01-01T00:00:00Z"}, "POST"


def apply(draw: some.DrawFn, _: int) -> Drawn:
    """What is held."""
    how = some.sampled_from([{"allocation": "oldest_due_first"}, {"parts": [{"bill": "bill-1", "amount": 50}]}])
    return f"payments/payment-{draw(FEW)}/applications", draw(how), "POST"


def _of_payment(verb: str, body: dict[str, Any]) -> Callable[[some.DrawFn, int], Drawn]:
    return lambda draw, number: (f"payments/payment-{draw(FEW)}/{verb}", body, "POST")


def refund(draw: some.DrawFn, number: int) -> Drawn:
    """Of what is held."""
    body = {"external_reference": f"refund-{number}", "amount": draw(AMOUNTS)}
    return f"payments/payment-{draw(FEW)}/refunds", body, "POST"


def change(draw: some.DrawFn, _: int) -> Drawn:
    """A balance, a name or what is due."""
    noun = draw(some.sampled_from(["customer", "account", "bill"]))
    body = {"amount_due": draw(AMOUNTS)} if noun == "bill" else {"balance": draw(AMOUNTS), "currency": "ZAR"}
    return f"{noun}s/{noun}-{draw(FEW)}", body, "PATCH"


def adjust(draw: some.DrawFn, _: int) -> Drawn:
    """By hand."""
    noun = draw(some.sampled_from(["customer", "account"]))
    return f"{noun}s/{noun}-{draw(FEW)}/adjustments", {"amount": draw(AMOUNTS), "reason": "fee"}, "POST"


def void(draw: some.DrawFn, _: int) -> Drawn:
    """A bill."""
    return f"bills/bill-{draw(FEW)}/void", ..., "POST"


CALLS = [
    register_customer,
    open_account,
    make_bill,
    make_bill,
    pay,
    pay,
    apply,
    _of_payment("reverse", {"reason": "bounced"}),
    _of_payment("unapply", {"bill": "bill-0"}),
    refund,
    change,
    adjust,
    void,
]


def alone(caller: Caller, one: Line) -> dict[str, Any]:
    """A line sent by itself, as a batch would tell of it."""
    content = json.dumps(one["body"]).encode() if "body" in one else None
    headers = {"Idempotency-Key": one["key"]} | ({"Content-Type": "application/json"} if content else {})
    answer = caller.http.request(one["method"], one["path"], content=content, headers=headers)
    said = {name: value for name, value in answer.headers.items() if name in TOLD}
    return {"status": answer.status_code, "headers": said, "body": answer.json()}


TOLD = {"content-type", "etag", "idempotent-replayed", "dues-warning", "retry-after"}


class Renamed:
    """The same names for the same things of two merchants, in the order in which they are met."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __call__(self, thing: Any) -> Any:
        text = ID.sub(lambda met: self._names.setdefault(met[0], f"{met[0][:4]} {len(self._names)}"), json.dumps(thing))
        return json.loads(TIME.sub("then", text))


def answers_of(answers: list[dict[str, Any]], renamed: Renamed) -> list[Any]:
    """Without what no two requests share."""
    told = []
    for one in answers:
        headers = {name: value for name, value in one["headers"].items() if name in TOLD} | {"etag": ""}
        told.append(renamed({"status": one["status"], "headers": headers, "body": one["body"] | {"request_id": ""}}))
    return told


def state_of(caller: Caller, renamed: Renamed) -> Any:
    """Everything there is, by reference; and what was told of each object, in order."""
    found: dict[str, Any] = {}
    for noun in ("customer", "account", "bill", "payment"):
        for one in sorted(caller.everything(f"/billing/{noun}s"), key=lambda one: one["external_reference"]):
            reference = one["external_reference"]
            found[f"{noun} {reference}"] = one
            if noun in ("customer", "account"):
                entries = caller.everything(f"/billing/{noun}s/{reference}/entries")
                # Two payments are told apart by their amounts, and requests not at all.
                found[f"entries of {reference}"] = [one | {"caused_by": ""} for one in entries]
    for event in sorted(caller.everything("/billing/events"), key=lambda event: event["sequence"]):
        found.setdefault(f"events of {event['object_id']}", []).append([event["type"], event["data"]])
    return renamed(found)


def test_answers_and_what_is_left_are_the_same(new_merchant: Callable[[], Merchant]) -> None:
    seen: set[tuple[str, int]] = set()

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        derandomize=not os.environ.get("DUES_TEST_SOAK"),
    )
    @given(lines())
    def go(sent: list[Line]) -> None:
        together, singly = new_merchant().caller(), new_merchant().caller()
        names, other_names = Renamed(), Renamed()
        answers = answers_of(send(together, sent), names)
        expected = answers_of([alone(singly, one) for one in sent], other_names)
        for one, answer, other in zip(sent, answers, expected, strict=True):
            assert answer == other, one
            seen.add((re.sub(r"-\d", "", one["path"]), answer["status"]))
        assert state_of(together, names) == state_of(singly, other_names)

    go()
    done = {path for path, status in seen if status < 300}
    assert len(done) >= 10, "hardly anything was carried out"
    assert {status for _, status in seen} >= {200, 201, 404, 409, 422}
