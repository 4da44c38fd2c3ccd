"""PATCH of accounts and customers, adjustments, entries, and balances at a time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.resources.payments.paying import DEFAULTS
from tests.running import Caller, new_key

KINDS = ["accounts", "customers"]


def created(caller: Caller, kind: str, **fields: Any) -> dict[str, Any]:
    """A new account or customer."""
    answer = caller.open_account(**fields) if kind == "accounts" else caller.register_customer(**fields)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def history(caller: Caller, path: str) -> list[tuple[str, int, int]]:
    """(kind, amount, balance after) of each entry, oldest first."""
    entries = caller.everything(f"{path}/entries", limit=2)
    return [(entry["kind"], entry["amount"], entry["balance_after"]) for entry in reversed(entries)]


def refused(answer: Any) -> tuple[int, str, str | None]:
    """(status, code, pointer) of a problem."""
    return answer.status_code, answer.json()["code"], answer.json().get("pointer")


@pytest.mark.parametrize("kind", KINDS)
def test_a_balance_is_replaced_and_the_ledger_has_the_difference(alice: Caller, kind: str) -> None:
    one = created(alice, kind, currency="ZAR", balance=2000)
    path = f"/billing/{kind}/{one['external_reference']}"

    assert alice.patch(path, {"balance": 10_000}).json()["balance"] == 10_000
    assert alice.patch(path, {"balance": -500}).json()["balance"] == -500
    assert alice.patch(path, {"balance": -500}).json()["balance"] == -500

    assert history(alice, path) == [
        ("opening", 2000, 2000),
        ("adjustment", 8000, 10_000),
        ("adjustment", -10_500, -500),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_sent_changes_and_null_clears(alice: Caller, kind: str) -> None:
    one = created(alice, kind, name="Jane", currency="ZAR", balance=5, metadata={"a": "1", "b": "2"})
    path = f"/billing/{kind}/{one['id']}"

    assert alice.patch(path, {}).json() == one
    merged = alice.patch(path, {"metadata": {"b": None, "c": "3"}}).json()
    assert merged == one | {"metadata": {"a": "1", "c": "3"}}
    assert alice.patch(path, {"metadata": None}).json() == {k: v for k, v in one.items() if k != "metadata"}
    assert "name" not in alice.patch(path, {"name": None}).json()
    untracked = alice.patch(path, {"balance": None}).json()
    assert "balance" not in untracked
    assert "payment_rules" not in untracked
    assert untracked["currency"] == "ZAR"
    assert alice.patch(path, {"balance": 7}).json()["balance"] == 7
    assert history(alice, path) == [("opening", 5, 5), ("closing", -5, 0), ("opening", 7, 7)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_metadata_cap_is_checked_on_the_result(alice: Caller, kind: str) -> None:
    one = created(alice, kind, metadata={str(n): "x" for n in range(10)})
    path = f"/billing/{kind}/{one['id']}"
    assert refused(alice.patch(path, {"metadata": {"new": "x"}})) == (400, "validation_failed", "/metadata")
    swapped = alice.patch(path, {"metadata": {"new": "x", "0": None}})
    assert len(swapped.json()["metadata"]) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_currency_changes_only_with_its_balance(alice: Caller, kind: str) -> None:
    one = created(alice, kind, currency="ZAR", balance=5)
    path = f"/billing/{kind}/{one['id']}"
    assert refused(alice.patch(path, {"currency": "USD"})) == (422, "currency_mismatch", "/currency")
    assert refused(alice.patch(path, {"currency": None})) == (400, "validation_failed", "/currency")
    changed = alice.patch(path, {"currency": "JPY", "balance": 900}).json()
    assert (changed["currency"], changed["balance"]) == ("JPY", 900)
    assert changed["payment_rules"] == DEFAULTS
    assert history(alice, path) == [("opening", 5, 5), ("closing", -5, 0), ("opening", 900, 900)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_balance_needs_a_currency(alice: Caller, kind: str) -> None:
    one = created(alice, kind)
    path = f"/billing/{kind}/{one['id']}"
    assert refused(alice.patch(path, {"balance": 1})) == (400, "validation_failed", "/currency")
    assert alice.patch(path, {"balance": 1, "currency": "ZAR"}).json()["balance"] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["id", "external_reference", "customer_id", "payment_date"])
def test_read_only_and_unknown_fields_are_refused(alice: Caller, kind: str, field: str) -> None:
    one = created(alice, kind)
    answer = alice.patch(f"/billing/{kind}/{one['id']}", {field: "x"})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stale_etag_changes_nothing(alice: Caller, kind: str) -> None:
    one = created(alice, kind, currency="ZAR", balance=100)
    path = f"/billing/{kind}/{one['id']}"
    seen = alice.get(path).headers["etag"]
    # A payment lands between a program's look and its refresh of the balance.
    assert alice.post(f"{path}/adjustments", {"amount": -60, "reason": "Paid"}).status_code == 201

    key = new_key()
    stale = alice.patch(path, {"balance": 100}, If_Match=seen, Idempotency_Key=key)
    assert refused(stale)[:2] == (412, "etag_mismatch")
    assert alice.get(path).json()["balance"] == 40
    fresh = alice.get(path).headers["etag"]
    done = alice.patch(path, {"balance": 45}, If_Match=fresh, Idempotency_Key=key)
    assert (done.status_code, done.json()["balance"]) == (200, 45)
    replayed = alice.patch(path, {"balance": 45}, If_Match=fresh, Idempotency_Key=key)
    assert (replayed.content, replayed.headers["idempotent-replayed"]) == (done.content, "true")


@pytest.mark.parametrize("kind", [*KINDS, "bills"])
def test_what_has_not_changed_is_not_sent_again(alice: Caller, kind: str) -> None:
    one = alice.make_bill().json() if kind == "bills" else created(alice, kind)
    path = f"/billing/{kind}/{one['id']}"
    tag = alice.get(path).headers["etag"]
    for condition in (tag, f'W/{tag}, "other"', "*"):
        same = alice.get(path, If_None_Match=condition)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    alice.patch(path, {"metadata": {"changed": "yes"}})
    assert alice.get(path, If_None_Match=tag).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_an_adjustment_is_a_signed_delta_with_its_reason(alice: Caller, kind: str) -> None:
    one = created(alice, kind, currency="ZAR", balance=100)
    path = f"/billing/{kind}/{one['id']}"
    key = new_key()
    answer = alice.post(f"{path}/adjustments", {"amount": -30, "reason": "Goodwill"}, key)

    assert answer.status_code == 201
    entry = answer.json()
    assert (entry["kind"], entry["amount"], entry["balance_after"], entry["reason"]) == (
        "adjustment",
        -30,
        70,
        "Goodwill",
    )
    actor = alice.get("/billing/events").json()["data"][0]["actor"]
    assert entry["caused_by"] == {
        "request_id": answer.headers["request-id"],
        "idempotency_key": key,
        "actor": actor,
    }
    assert alice.everything(f"{path}/entries")[0] == entry
    assert alice.get(path).json()["balance"] == 70


@pytest.mark.parametrize("kind", KINDS)
def test_an_adjustment_is_refused_by_name(alice: Caller, kind: str) -> None:
    untracked = created(alice, kind, currency="ZAR")
    answer = alice.post(f"/billing/{kind}/{untracked['id']}/adjustments", {"amount": 1, "reason": "x"})
    assert refused(answer)[:2] == (422, "balance_not_tracked")
    full = created(alice, kind, currency="ZAR", balance=2**53 - 1)
    answer = alice.post(f"/billing/{kind}/{full['id']}/adjustments", {"amount": 1, "reason": "x"})
    assert refused(answer) == (422, "amount_out_of_range", "/amount")
    assert alice.patch(f"/billing/{kind}/{full['id']}", {"balance": -1}).status_code == 422
    for body in (
        {"amount": 0, "reason": "x"},
        {"amount": 1},
        {"amount": 1, "reason": ""},
        {"amount": "1", "reason": "x"},
    ):
        assert alice.post(f"/billing/{kind}/{full['id']}/adjustments", body).status_code == 400


@pytest.mark.parametrize("kind", KINDS)
def test_a_balance_can_be_asked_for_as_it_was(alice: Caller, kind: str) -> None:
    before = datetime.now(UTC)
    one = created(alice, kind, currency="ZAR", balance=100)
    path = f"/billing/{kind}/{one['id']}"
    times = []
    for _ in range(3):
        entry = alice.post(f"{path}/adjustments", {"amount": 10, "reason": "x"}).json()
        times.append((entry["created_at"], entry["balance_after"]))

    for time, balance in times:
        assert alice.http.get(path, params={"as_of": time}).json()["balance"] == balance
    assert "balance" not in alice.http.get(path, params={"as_of": before.isoformat()}).json()
    for nonsense in (
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "yesterday",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "",
    ):
        assert alice.http.get(path, params={"as_of": nonsense}).status_code == 400


@pytest.mark.parametrize("kind", KINDS)
def test_strangers_see_no_ledger(alice: Caller, mallory: Caller, kind: str) -> None:
    one = created(alice, kind, currency="ZAR", balance=100)
    for path in (f"/billing/{kind}/{one['id']}", f"/billing/{kind}/{one['external_reference']}"):
        assert mallory.get(f"{path}/entries").status_code == 404
        assert mallory.patch(path, {"balance": 0}).status_code == 404
        assert mallory.post(f"{path}/adjustments", {"amount": 1, "reason": "x"}).status_code == 404
    assert history(alice, f"/billing/{kind}/{one['id']}") == [("opening", 100, 100)]
