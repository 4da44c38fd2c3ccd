"""What a key may not send by itself, it may not send in a batch; and all of it counts."""

from typing import Any

import pytest

from dues.domain.rate_limits import RateLimit
from tests.conftest import Ask, Merchant
from tests.resources.batch.batching import Line, customer, line, post, send, text_of, told
from tests.resources.conftest import MakeKey
from tests.resources.payments.paying import new_account, new_bill, new_collector
from tests.running import Caller, new_reference

CREATED = (201, None)


def payment(amount: int, **what: Any) -> Line:
    """A line that takes money."""
    return line("payments", {"external_reference": new_reference(), "amount": amount, "currency": "ZAR"} | what)


def test_each_line_needs_what_its_call_needs(restricted: MakeKey, alice: Caller) -> None:
    bill = new_bill(alice)
    clerk = restricted(allowed=["bills:read", "payments:create"])
    answers = send(clerk, [customer(new_reference()), payment(1, bill=bill["id"]), line(f"bills/{bill['id']}/void")])
    assert told(answers) == [(403, "key_not_allowed"), CREATED, (403, "key_not_allowed")]
    assert "customers:create" in answers[0]["body"]["detail"]
    assert told(send(clerk, [payment(1, bill=bill["id"]), customer("C")], "all")) == [
        (424, "not_carried_out"),
        (403, "key_not_allowed"),
    ]
    assert alice.get(f"/billing/bills/{bill['id']}").json()["amount_paid"] == 1
    elsewhere = restricted(addresses=["10.0.0.0/8"])
    assert post(elsewhere, text_of([customer("C")])).json()["code"] == "address_not_allowed"


def test_it_moves_no_more_than_it_may(restricted: MakeKey, alice: Caller) -> None:
    account = new_account(alice, 100_000)
    clerk = restricted(max_amount=1_000, max_per_day=2_500)
    sent = [payment(amount, account=account["id"]) for amount in (1_001, 1_000, 1_000, 501, 500)]
    above, reached = (403, "amount_above_key_limit"), (403, "daily_limit_reached")
    assert told(send(clerk, sent)) == [above, CREATED, CREATED, reached, CREATED]
    assert alice.get(f"/billing/accounts/{account['id']}").json()["balance"] == 97_500
    # What is not carried out counts for nothing.
    another = restricted(max_per_day=2_500)
    sent = [payment(amount, account=account["id"]) for amount in (2_000, 501)]
    assert told(send(another, sent, "all")) == [(424, "not_carried_out"), reached]
    sent = [payment(amount, account=account["id"]) for amount in (2_000, 500)]
    assert told(send(another, sent, "all")) == [CREATED, CREATED]


def test_each_line_counts_for_how_often_it_may_be_used(restricted: MakeKey) -> None:
    clerk = restricted(rate_limit=RateLimit(5, 3_600))
    answer = post(clerk, text_of([customer(new_reference()) for _ in range(3)]))
    assert answer.headers["ratelimit"].startswith('"key";r=1;')
    answers = send(restricted(rate_limit=RateLimit(3, 3_600)), [customer(new_reference()) for _ in range(4)])
    assert told(answers) == [CREATED, CREATED, *[(429, "too_many_requests")] * 2]
    assert int(answers[2]["headers"]["retry-after"]) > 0
    assert post(clerk, text_of([])).status_code == 400
    assert post(clerk, text_of([])).status_code == 429


@pytest.mark.parametrize("mode", ["each", "all"])
def test_a_collector_sends_what_collectors_may(mode: str, ask: Ask[Any], merchant: Merchant, alice: Caller) -> None:
    bill = new_bill(alice)
    till, other = (new_collector(ask, merchant) for _ in range(2))
    wanted = payment(500, bill=bill["id"])
    [taken] = send(till.caller, [wanted], mode)
    assert (taken["status"], taken["body"]["collector_id"]) == (201, till.id)
    # The same key of another collector is another key.
    assert told(send(other.caller, [wanted], mode)) == [(422, "idempotency_key_reused")]
    assert told(send(till.caller, [customer(new_reference())], mode)) == [(403, "secret_key_required")]


def test_a_batch_is_of_the_merchants_time(alice: Caller) -> None:
    later = alice.post("/billing/test_clock/advance", {"seconds": 86_400 * 400}).json()["now"]
    answers = send(alice, [customer("C"), line("bills", {"external_reference": "B", "customer": "C", **DUE})], "all")
    assert answers[1]["body"]["bill_date"] >= later[:10]


DUE = {"currency": "ZAR", "amount_due": 100}
