"""POST /billing/batch: each line as if it had been sent by itself, or all of them in one transaction."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dues.resources.batch.lines import BYTES_MAX, LINE_BYTES_MAX, LINES_MAX
from tests.conftest import Merchant
from tests.resources.batch.batching import Line, customer, line, post, send, text_of, told
from tests.running import Caller, new_key, new_reference

CREATED = (201, None)


def a_days_work(name: str) -> list[Line]:
    """Lines each of which needs what those before it made; what it leaves is known."""
    return [
        line("customers", {"external_reference": f"CUST-{name}"}),
        line("accounts", {"customer": f"CUST-{name}", "external_reference": f"ACC-{name}"}),
        line(f"accounts/ACC-{name}", {"currency": "ZAR", "balance": 700}, method="PATCH"),
        line("bills", {"account": f"ACC-{name}", "external_reference": f"INV-{name}", "currency": "ZAR"} | DUE),
        line("payments", {"account": f"ACC-{name}", "external_reference": f"EFT-{name}", "amount": 300} | ZAR),
        line("payments", {"customer": f"CUST-{name}", "external_reference": f"HELD-{name}"} | ZAR | HELD),
        line(f"payments/HELD-{name}/applications", {"allocation": "oldest_due_first", "account": f"ACC-{name}"}),
        line(f"payments/EFT-{name}/reverse", {"reason": "bounced"}),
        line(f"accounts/ACC-{name}/adjustments", {"external_reference": f"ADJ-{name}", "amount": 5, "reason": "fee"}),
    ]


ZAR = {"currency": "ZAR"}
DUE = {"amount_due": 1_500}
HELD: dict[str, Any] = {"amount": 1_500, "rest": "hold"}


@pytest.mark.parametrize("mode", [None, "each", "all"])
def test_each_line_sees_what_those_before_it_did(mode: str | None, alice: Caller) -> None:
    answers = send(alice, a_days_work("1"), mode)
    assert [one["status"] for one in answers] == [201, 201, 200, 201, 201, 201, 200, 200, 201], answers
    assert [one["line"] for one in answers] == list(range(1, 10))
    assert alice.get("/billing/accounts/ACC-1").json()["balance"] == 705
    assert alice.get("/billing/bills/INV-1").json()["status"] == "paid"


def test_an_answer_says_what_the_call_by_itself_says(alice: Caller) -> None:
    one, other = new_reference("CUST"), new_reference("CUST")
    [said] = send(alice, [customer(one)])
    alone = alice.post("/billing/customers", {"external_reference": other, "currency": "ZAR", "balance": 1_000})
    there = alice.get(f"/billing/customers/{one}")
    assert (said["body"], said["headers"]["etag"]) == (there.json(), there.headers["etag"])
    assert said["body"].keys() == alone.json().keys()
    assert {"request-id", "content-type", "etag"} == said["headers"].keys() <= alone.headers.keys()
    [refused] = send(alice, [customer(one)])
    problem = refused["body"]
    assert told([refused]) == [(409, "external_reference_taken")]
    assert problem["instance"] == "/billing/customers"
    assert problem["request_id"] == refused["headers"]["request-id"] != said["headers"]["request-id"]
    assert refused["headers"]["content-type"] == "application/problem+json"
    assert problem["existing"]["id"] == there.json()["id"]


def test_each_line_is_stored_under_its_own_key(alice: Caller) -> None:
    sent: dict[str, Any]
    reference, key = new_reference("CUST"), new_key()
    wanted = customer(reference, key)
    taken = customer(reference)
    first = send(alice, [wanted, taken, wanted, customer(new_reference("CUST"), key)])
    assert told(first) == [CREATED, (409, "external_reference_taken"), CREATED, (422, "idempotency_key_reused")]
    assert first[2]["body"] == first[0]["body"]
    assert [one["headers"].get("idempotent-replayed") for one in first] == [None, None, "true", None]
    again = send(alice, [wanted, taken])
    assert [one["body"] for one in again] == [one["body"] for one in first[:2]]
    assert [one["headers"]["idempotent-replayed"] for one in again] == ["true", "true"]
    # By itself it is the same request, and the other way round.
    alone = alice.post(
        "/billing/customers", {"balance": 1_000, "currency": "ZAR", "external_reference": reference}, key
    )
    assert (alone.json(), alone.headers["idempotent-replayed"]) == (first[0]["body"], "true")
    sent, key = {"external_reference": new_reference("CUST")}, new_key()
    alone = alice.post("/billing/customers", sent, key)
    [replayed] = send(alice, [line("customers", sent, key)], "all")
    assert (replayed["body"], replayed["headers"]["idempotent-replayed"]) == (alone.json(), "true")


def test_a_condition_holds_for_its_line(alice: Caller) -> None:
    reference = new_reference("CUST")
    tag = alice.register_customer(external_reference=reference).headers["etag"]
    path = f"customers/{reference}"
    answers = send(alice, [line(path, {"name": name}, method="PATCH", if_match=tag) for name in ("A", "B")])
    assert told(answers) == [(200, None), (412, "etag_mismatch")]


# All or none ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "refusal"),
    [
        (line("payments", {"customer": "nobody", "external_reference": "X", "amount": 1, "currency": "ZAR"}), 404),
        (customer("CUST-1"), 409),
        (line("customers", {"external_reference": 7}), 400),
        ("{", 400),
        (line("imports"), 400),
    ],
)
def test_all_are_carried_out_or_none(bad: Any, refusal: int, alice: Caller) -> None:
    good = [customer(f"CUST-{number}") for number in range(1, 4)]
    answers = send(alice, [*good[:2], bad, good[2]], "all")
    assert [one["status"] for one in answers] == [424, 424, refusal, 424]
    for one in answers:
        assert one["body"]["status"] == one["status"]
        assert (one["body"]["code"] == "not_carried_out") == (one["status"] == 424)
        assert one["body"]["request_id"] == one["headers"]["request-id"]
    assert "Line 3" in answers[0]["body"]["detail"]
    assert alice.everything("/billing/customers") == []
    assert alice.get("/billing/events").json()["data"] == []
    # Nothing is stored, so nothing is replayed, and the keys are free for others.
    assert [one["headers"].get("idempotent-replayed") for one in send(alice, good, "all")] == [None] * 3


def test_by_itself_a_bad_line_costs_nobody_else_anything(alice: Caller) -> None:
    first, last = new_reference("CUST"), new_reference("CUST")
    answers = send(alice, [customer(first), customer(first), "nonsense", customer(last)])
    assert told(answers) == [CREATED, (409, "external_reference_taken"), (400, "malformed_json"), CREATED]
    assert len(alice.everything("/billing/customers")) == 2


# What is no line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "status", "code", "pointer"),
    [
        ("nonsense", 400, "malformed_json", None),
        ('{"method": "POST", "path": "/billing/customers", "key": "k", "body": {"a": }}', 400, "malformed_json", None),
        ('{"method": "POST", "path": "/a", "key": "a", "key": "b"}', 400, "malformed_json", "/key"),
        ("[]", 400, "validation_failed", ""),
        ('{"path": "/billing/customers", "key": "k"}', 400, "validation_failed", "/method"),
        (line("customers", {}, method="GET"), 400, "validation_failed", "/method"),
        (line("customers", {}, method="DELETE"), 400, "validation_failed", "/method"),
        (line("customers", {}, header="X: y"), 400, "validation_failed", "/header"),
        ({"method": "POST", "path": "billing/customers", "key": "k"}, 400, "validation_failed", "/path"),
        ({"method": "POST", "path": "/billing/cust omers", "key": "k"}, 400, "validation_failed", "/path"),
        ({"method": "POST", "path": "/billing/customers", "body": {}}, 400, "idempotency_key_missing", None),
        (line("customers", {}, key="a b"), 400, "idempotency_key_invalid", None),
        (line("customers", {}, key="ключ"), 400, "idempotency_key_invalid", None),
        (line("customers"), 400, "malformed_json", None),
        (line("customers", None), 400, "validation_failed", ""),
        (line("customers", {"external_reference": "A", "nme": "x"}), 400, "validation_failed", "/nme"),
        ('{"method":"POST","path":"/billing/bills","key":"k","body":{"a":1,"a":2}}', 400, "malformed_json", "/a"),
        (line("customers", {"name": "x" * 65_536}), 413, "payload_too_large", None),
        (line("customers", {"name": "x" * LINE_BYTES_MAX}), 413, "payload_too_large", None),
        (line("nothing", {}), 404, "route_not_found", None),
        (line("bills/nobody/void"), 404, "bill_not_found", None),
        (line("bills/nobody/void", {"a": 1}), 400, "validation_failed", ""),
        (line("events", {}), 405, "method_not_allowed", None),
        (line("customers?expand=true", {"external_reference": "A"}), 400, "validation_failed", "/expand"),
        (line("batch", {}), 400, "not_possible_in_batch", None),
        (line("imports", {}), 400, "not_possible_in_batch", None),
        (line("webhook_endpoints", {"url": "https://example.com"}), 400, "not_possible_in_batch", None),
        (line("test_clock/advance", {"seconds": 1}), 400, "not_possible_in_batch", None),
        (line("payments?preview=true", {}), 400, "not_possible_in_batch", None),
        (line("payments?prevew=true", {}), 400, "validation_failed", "/prevew"),
    ],
)
def test_a_line_that_is_none_says_why(sent: Any, status: int, code: str, pointer: str | None, alice: Caller) -> None:
    bad, good = send(alice, [sent, customer(new_reference())])
    assert (bad["status"], bad["body"]["code"], bad["line"]) == (status, code, 1), bad
    assert [one["pointer"] for one in bad["body"].get("errors", ())][:1] == ([] if pointer is None else [pointer])
    assert good["status"] == 201


def test_a_body_that_is_no_batch_is_refused_as_a_whole(alice: Caller) -> None:
    lines = [customer(new_reference()) for _ in range(3)]
    padding = b" " * BYTES_MAX
    for content, status, code in (
        (b"", 400, "validation_failed"),
        (b"\n \n", 400, "validation_failed"),
        (text_of([line("nothing")] * (LINES_MAX + 1)), 413, "payload_too_large"),
        (b"\n" * LINES_MAX + b"{}", 413, "payload_too_large"),
        (text_of(lines) + padding[: BYTES_MAX + 1 - len(text_of(lines))], 413, "payload_too_large"),
    ):
        answer = post(alice, content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for content_type in ("application/json", "text/csv"):
        assert post(alice, text_of(lines), content_type=content_type).status_code == 415
    assert post(alice, text_of(lines), "some").status_code == 400
    assert alice.everything("/billing/customers") == []
    # The very most of both, and packed.
    most = text_of([line("nothing")] * LINES_MAX)
    answer = post(alice, most + padding[: BYTES_MAX - len(most)])
    assert len(answer.text.splitlines()) == LINES_MAX
    answer = post(alice, gzip.compress(b"\r\n\r\n" + text_of(lines).replace(b"\n", b"\r\n")), content_encoding="gzip")
    assert [json.loads(one)["line"] for one in answer.text.splitlines()] == [3, 4, 5]
    bomb = post(alice, gzip.compress(padding + padding), content_encoding="gzip")
    assert (bomb.status_code, bomb.json()["code"]) in ((400, "file_not_gzip"), (413, "payload_too_large"))


# Who --------------------------------------------------------------------------------------------------------------


def test_strangers_are_refused_before_they_are_read(merchant: Merchant, alice: Caller) -> None:
    wanted = [customer("CUST-1")]
    for caller, status in (
        (Caller(merchant.base, None), 401),
        (Caller(merchant.base, "sk_test_nobody"), 401),
        (merchant.caller(kind="public"), 403),
    ):
        assert post(caller, text_of(wanted)).status_code == status
    assert alice.everything("/billing/customers") == []


def test_nobody_reaches_what_is_anothers(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    send(alice, a_days_work("1"))
    for stranger in (mallory, merchant.caller("live")):
        for mode in ("each", "all"):
            [refused] = send(stranger, [line("bills/INV-1/void")], mode)
            assert told([refused]) == [(404, "bill_not_found")]


def test_two_equal_batches_at_once_are_carried_out_once(alice: Caller, merchant: Merchant) -> None:
    for mode in ("each", "all"):
        lines = [customer(new_reference(f"CUST-{number}")) for number in range(300)]
        with ThreadPoolExecutor(4) as pool:
            callers = [merchant.caller() for _ in range(4)]
            results = list(pool.map(lambda caller, lines=lines, mode=mode: send(caller, lines, mode), callers))
        for one in range(len(lines)):
            assert {result[one]["status"] for result in results} == {201}
            assert len({json.dumps(result[one]["body"]) for result in results}) == 1
            replayed = [result[one]["headers"].get("idempotent-replayed") for result in results]
            assert replayed.count(None) == 1
    assert len(alice.everything("/billing/customers", limit=100)) == 600
