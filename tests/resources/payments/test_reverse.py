"""POST /billing/payments/{payment}/reverse."""

from typing import Any

import pytest

from tests.conftest import Merchant
from tests.resources.payments.paying import PATH, outstanding, owing, paid, refused, rules
from tests.running import Caller, new_key


def reverse(caller: Caller, name: str, **body: Any) -> Any:
    """Takes a payment back."""
    return caller.post(f"{PATH}/{name}/reverse", {"reason": "bounced"} | body)


@pytest.mark.parametrize("kind", ["bill", "account", "customer"])
@pytest.mark.parametrize("reason", ["bounced", "duplicate", "fraud", "other"])
def test_it_is_as_if_it_had_not_come_but_on_record(kind: str, reason: str, alice: Caller) -> None:
    owed = owing(alice, kind)
    made = paid(alice, 400, **{kind: owed["id"]})
    answer = reverse(alice, made["external_reference"], reason=reason, note="Account closed")
    assert answer.status_code == 200
    back = answer.json()
    assert back == made | {
        "status": "reversed",
        "reversal": {"reason": reason, "note": "Account closed", "reversed_at": back["reversal"]["reversed_at"]},
    }
    assert alice.get(f"{PATH}/{made['id']}").json() == back
    assert outstanding(alice, kind, owed["id"]) == 1_000


def test_a_paid_bill_is_open_again(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    made = paid(alice, 1_000, bill=bill)
    assert alice.get(f"/billing/bills/{bill}").json()["status"] == "paid"
    reverse(alice, made["id"])
    assert alice.get(f"/billing/bills/{bill}").json()["status"] == "unpaid"


def test_the_ledger_has_a_contra_entry(alice: Caller) -> None:
    account = owing(alice, "account")["id"]
    made = paid(alice, 400, account=account)
    reverse(alice, made["id"])
    entries = alice.everything(f"/billing/accounts/{account}/entries")
    assert [(entry["kind"], entry["amount"], entry["balance_after"]) for entry in entries] == [
        ("reversal", 400, 1_000),
        ("payment", -400, 600),
        ("opening", 1_000, 1_000),
    ]
    assert {entry["caused_by"].get("payment_id") for entry in entries[:2]} == {made["id"]}


def test_all_parts_are_taken_back(alice: Caller) -> None:
    account = owing(alice, "account", 300)["id"]
    bills = [alice.make_bill(account=account, amount_due=500).json()["id"] for _ in range(2)]
    made = paid(alice, 1_200, account=account, allocation="oldest_due_first")
    assert [outstanding(alice, "bill", bill) for bill in bills] == [0, 0]
    assert outstanding(alice, "account", account) == 100
    reverse(alice, made["id"])
    assert [outstanding(alice, "bill", bill) for bill in bills] == [500, 500]
    assert outstanding(alice, "account", account) == 300


def test_it_is_taken_back_once(alice: Caller) -> None:
    bill = owing(alice, "bill")["id"]
    made = paid(alice, 400, bill=bill)
    key = new_key()
    first, replay = (alice.post(f"{PATH}/{made['id']}/reverse", {"reason": "bounced"}, key) for _ in range(2))
    assert first.content == replay.content
    assert refused(reverse(alice, made["id"])) == (409, "payment_reversed")
    assert outstanding(alice, "bill", bill) == 1_000


def test_of_a_bill_that_was_voided_since_it_stays(alice: Caller) -> None:
    bill = owing(alice, "bill", payment_rules=rules())["id"]
    made = paid(alice, 400, bill=bill)
    assert alice.patch(f"/billing/bills/{bill}", {"amount_paid": 0}).status_code == 200
    assert refused(reverse(alice, made["id"])) == (409, "payment_outweighed")
    assert alice.post(f"/billing/bills/{bill}/void", {}).status_code == 200
    assert refused(reverse(alice, made["id"])) == (409, "bill_voided")
    assert alice.get(f"{PATH}/{made['id']}").json() == made


def test_only_what_was_seen_is_taken_back(alice: Caller) -> None:
    made = paid(alice, 400, bill=owing(alice, "bill")["id"])
    tag = alice.get(f"{PATH}/{made['id']}").headers["ETag"]
    stale = alice.post(f"{PATH}/{made['id']}/reverse", {"reason": "other"}, If_Match='"other"')
    assert refused(stale) == (412, "etag_mismatch")
    assert alice.post(f"{PATH}/{made['id']}/reverse", {"reason": "other"}, If_Match=tag).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/reason"), ({"reason": "lost"}, "/reason"), ({"reason": "other", "note": ""}, "/note")],
)
def test_a_reason_is_one_of_four(body: dict[str, Any], pointer: str, alice: Caller) -> None:
    made = paid(alice, 400, bill=owing(alice, "bill")["id"])
    answer = alice.post(f"{PATH}/{made['id']}/reverse", body)
    assert refused(answer) == (400, "validation_failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_strangers_is_not_there(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    made = paid(alice, 400, bill=owing(alice, "bill")["id"])
    for stranger in (mallory, merchant.caller("live")):
        for name in (made["id"], made["external_reference"]):
            assert refused(reverse(stranger, name)) == (404, "payment_not_found")
    assert refused(reverse(merchant.caller(kind="public"), made["id"])) == (403, "secret_key_required")
