"""GET /billing/bills/{bill}/entries: every change of what was paid of it, and why."""

from tests.resources.accounts.test_update import history, refused
from tests.resources.payments.paying import pay, reverse
from tests.running import Caller, new_key


def test_every_change_of_what_was_paid_is_there_with_who_did_it_and_why(alice: Caller) -> None:
    bill = alice.make_bill(amount_due=10_000).json()
    path = f"/billing/bills/{bill['id']}"
    assert alice.everything(f"{path}/entries") == []
    payment = pay(alice, bill=bill["id"], amount=4_000).json()
    key = new_key()
    by_hand = alice.patch(path, {"amount_paid": 5_000, "reason": "In cash"}, Idempotency_Key=key)
    assert by_hand.json()["amount_paid"] == 5_000
    assert reverse(alice, payment["id"]).status_code == 200

    changes = [("payment", 4_000, 4_000), ("adjustment", 1_000, 5_000), ("reversal", -4_000, 1_000)]
    assert history(alice, path) == changes
    _, cash, paid = alice.everything(f"/billing/bills/{bill['external_reference']}/entries")
    assert (cash["reason"], cash["caused_by"]["idempotency_key"]) == ("In cash", key)
    assert cash["caused_by"]["actor"] == alice.get("/billing/events").json()["data"][0]["actor"]
    assert paid["caused_by"]["payment_id"] == payment["id"]


def test_a_reason_is_of_what_was_paid(alice: Caller) -> None:
    path = f"/billing/bills/{alice.make_bill().json()['id']}"
    answer = alice.patch(path, {"reason": "None"})
    assert [error["code"] for error in answer.json()["errors"]] == ["without_amount_paid"]
    for reason in ("", "x" * 256, None):
        assert alice.patch(path, {"amount_paid": 1, "reason": reason}).status_code == 400
    assert alice.patch(path, {"amount_paid": 1}).status_code == 200
    assert "reason" not in alice.everything(f"{path}/entries")[0]


def test_strangers_see_none_of_it(alice: Caller, mallory: Caller) -> None:
    bill = alice.make_bill().json()
    assert refused(mallory.get(f"/billing/bills/{bill['id']}/entries"))[:2] == (404, "bill_not_found")
