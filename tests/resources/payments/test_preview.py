"""POST /billing/payments?preview=true: the same decision, and nothing done."""

from typing import Any

from tests.resources.payments.paying import PATH, outstanding, owing, payment, refused, rules
from tests.running import Caller, new_key

PREVIEW = f"{PATH}?preview=true"


def test_it_tells_what_a_payment_would_do(alice: Caller) -> None:
    account = owing(alice, "account", 300)["id"]
    bills = [alice.make_bill(account=account, amount_due=500).json()["id"] for _ in range(2)]
    body = payment(1_100, account=account, allocation="oldest_due_first")
    answer = alice.post(PREVIEW, body)
    assert answer.status_code == 200
    assert "ETag" not in answer.headers
    assert answer.json() == {
        "preview": True,
        "amount": 1_100,
        "currency": "ZAR",
        "applications": [
            {"amount": 500, "outstanding": 500, "outstanding_after": 0, "bill_id": bills[0]},
            {"amount": 500, "outstanding": 500, "outstanding_after": 0, "bill_id": bills[1]},
            {"amount": 100, "outstanding": 300, "outstanding_after": 200, "account_id": account},
        ],
    }
    taken = alice.post(PATH, body).json()
    told = [{k: v for k, v in one.items() if not k.startswith("outstanding")} for one in answer.json()["applications"]]
    assert [{k: v for k, v in one.items() if k != "id"} for one in taken["applications"]] == told


def test_nothing_is_done_nor_kept(alice: Caller) -> None:
    bill, key = owing(alice, "bill")["id"], new_key()
    body = payment(400, bill=bill)
    events = len(alice.everything("/billing/payments"))
    assert alice.post(PREVIEW, body, key).status_code == 200
    assert outstanding(alice, "bill", bill) == 1_000
    assert len(alice.everything("/billing/payments")) == events == 0
    assert alice.get(f"/billing/idempotency_keys/{key}").status_code == 404
    assert alice.post(PATH, body, key).status_code == 201, "the key and the reference are as new"


def test_it_is_refused_as_the_payment_would_be(alice: Caller) -> None:
    cases: list[tuple[dict[str, Any], int, tuple[int, str]]] = [
        (rules(min_amount=500), 400, (422, "payment_below_minimum")),
        (rules(overpayment_allowed=False), 1_001, (422, "overpayment_not_allowed")),
    ]
    for given, amount, expected in cases:
        bill = owing(alice, "bill", payment_rules=given)["id"]
        body = payment(amount, bill=bill)
        previewed, taken = alice.post(PREVIEW, body), alice.post(PATH, body)
        assert refused(previewed) == refused(taken) == expected
        told = [
            {name: value for name, value in one.json().items() if name not in ("request_id", "instance")}
            for one in (previewed, taken)
        ]
        assert told[0] == told[1]
    assert refused(alice.post(PREVIEW, payment(100, bill="nothing"))) == (404, "bill_not_found")


def test_false_is_no_preview(alice: Caller) -> None:
    assert alice.post(f"{PATH}?preview=false", payment(400, bill=owing(alice, "bill")["id"])).status_code == 201
