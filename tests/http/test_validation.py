"""From bytes to a typed body, or to everything that is wrong with it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.accounts import NewAccount
from dues.domain.bills import NewBill
from dues.http.problems import ProblemError
from dues.http.validation import decode

GOOD: dict[str, Any] = {"customer": "CUST-1", "external_reference": "UAR1"}


def problem_of(body: bytes) -> ProblemError:
    """What `body` is refused with."""
    with pytest.raises(ProblemError) as caught:
        decode(body, NewAccount)
    return caught.value


def violations_of(**changes: Any) -> set[tuple[str, str]]:
    """(pointer, code) of everything wrong with a good body after `changes` (... takes a member away)."""
    body = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return {(broken.pointer, broken.code) for broken in problem_of(json.dumps(body).encode()).errors}


CASES: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"customer": ...}, {("/customer", "required")}),
    ({"customer": None}, {("/customer", "required")}),
    ({"customer": ""}, {("/customer", "too_short")}),
    ({"customer": 7}, {("/customer", "wrong_type")}),
    ({"customer": []}, {("/customer", "wrong_type")}),
    ({"customer": {}}, {("/customer/external_reference", "required")}),
    ({"customer": {"external_reference": "bcus_x"}}, {("/customer/external_reference", "reserved_prefix")}),
    ({"customer": {"external_reference": "C", "email": "nobody"}}, {("/customer/email", "invalid_email")}),
    ({"customer": {"external_reference": "C", "email": "a@b@c.de"}}, {("/customer/email", "invalid_email")}),
    ({"customer": {"external_reference": "C", "phone": "0821234567"}}, {("/customer/phone", "invalid_phone")}),
    ({"customer": {"external_reference": "C", "phone": "+2782123456٧"}}, {("/customer/phone", "invalid_phone")}),
    ({"customer": {"external_reference": "C", "balance": 1}}, {("/customer/currency", "required")}),
    ({"customer": {"external_reference": "C", "id": "bcus_1"}}, {("/customer/id", "unknown_field")}),
    ({"external_reference": ...}, {("/external_reference", "required")}),
    ({"external_reference": ""}, {("/external_reference", "too_short")}),
    ({"external_reference": "x" * 256}, {("/external_reference", "too_long")}),
    ({"external_reference": " x"}, {("/external_reference", "surrounding_white_space")}),
    ({"external_reference": "x\u00a0"}, {("/external_reference", "surrounding_white_space")}),
    ({"external_reference": "a\u0000b"}, {("/external_reference", "control_character")}),
    ({"external_reference": "a\nb"}, {("/external_reference", "control_character")}),
    ({"external_reference": "bacc_1"}, {("/external_reference", "reserved_prefix")}),
    ({"external_reference": 1}, {("/external_reference", "wrong_type")}),
    ({"name": "x" * 256}, {("/name", "too_long")}),
    ({"name": "\x7f"}, {("/name", "control_character")}),
    ({"currency": "zar"}, {("/currency", "unknown_currency")}),
    ({"currency": "XXX"}, {("/currency", "unknown_currency")}),
    ({"balance": 1}, {("/currency", "required")}),
    ({"balance": 2000.0, "currency": "ZAR"}, {("/balance", "wrong_type")}),
    ({"balance": "2000", "currency": "ZAR"}, {("/balance", "wrong_type")}),
    ({"balance": True, "currency": "ZAR"}, {("/balance", "wrong_type")}),
    ({"balance": [], "currency": "ZAR"}, {("/balance", "wrong_type")}),
    ({"metadata": []}, {("/metadata", "wrong_type")}),
    ({"metadata": {str(n): "" for n in range(11)}}, {("/metadata", "too_many")}),
    ({"metadata": {"": "x"}}, {("/metadata/", "key_too_short")}),
    ({"metadata": {"k" * 41: "x"}}, {(f"/metadata/{'k' * 41}", "key_too_long")}),
    ({"metadata": {"k": "x" * 501}}, {("/metadata/k", "too_long")}),
    ({"metadata": {"k": None}}, {("/metadata/k", "wrong_type")}),
    ({"metadata": {"a/b~c": 1}}, {("/metadata/a~1b~0c", "wrong_type")}),
    ({"metadata": {"k": "\u0000"}}, {("/metadata/k", "control_character")}),
    (
        {"payment_rules": {}},
        {
            (f"/payment_rules/{name}", "required")
            for name in msgspec.json.decode(
                b'["min_amount", "max_amount", "underpayment_allowed", "overpayment_allowed"]'
            )
        },
    ),
    (
        {
            "payment_rules": {
                "min_amount": 2,
                "max_amount": 1,
                "underpayment_allowed": True,
                "overpayment_allowed": True,
            }
        },
        {("/payment_rules/min_amount", "min_above_max")},
    ),
    (
        {
            "payment_rules": {
                "min_amount": -1,
                "max_amount": 2**60,
                "underpayment_allowed": 1,
                "overpayment_allowed": "no",
            }
        },
        {
            ("/payment_rules/min_amount", "too_small"),
            ("/payment_rules/max_amount", "too_large"),
            ("/payment_rules/underpayment_allowed", "wrong_type"),
            ("/payment_rules/overpayment_allowed", "wrong_type"),
        },
    ),
    ({"curency": "ZAR"}, {("/curency", "unknown_field")}),
    (
        {"customer_id": "bcus_1", "id": "x", "currency": "zar", "balance": "1", "external_reference": ...},
        {
            ("/customer_id", "unknown_field"),
            ("/id", "unknown_field"),
            ("/currency", "unknown_currency"),
            ("/balance", "wrong_type"),
            ("/external_reference", "required"),
        },
    ),
]


@pytest.mark.parametrize(
    ("changes", "expected"), CASES, ids=[json.dumps(changes, default=str)[:40] for changes, _ in CASES]
)
def test_it_names_every_violation_at_once(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert violations_of(**changes) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"customer": "\xed\xa0\x80"}',
        b'{"customer": "\\ud800"}',
        b'{"customer": "a"} {}',
        b"\xef\xbb\xbf{}",
        b'{"customer": NaN}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"customer": "a\x00"}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    assert problem_of(body).code == "malformed_json"


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b'"x"', b"true"])
def test_a_body_is_an_object(body: bytes) -> None:
    problem = problem_of(body)
    assert [(broken.pointer, broken.code) for broken in problem.errors] == [("", "wrong_type")]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"customer":"a","external_reference":"x","customer":"b"}', "/customer"),
        (b'{"customer":"a","external_reference":"x","customer":"a"}', "/customer"),
        (b'{"customer":"a","external_reference":"x","metadata":{"k":"1","\\u006b":"1"}}', "/metadata/k"),
        (
            b'{"customer":{"external_reference":"x","external_reference":"y"},"external_reference":"x"}',
            "/customer/external_reference",
        ),
        # The floats are as much longer in canonical spelling as the repeated member is shorter.
        (b'{"customer":"a","external_reference":"x","a":1,"a":1,"b":1e4}', "/a"),
    ],
)
def test_a_member_given_twice_is_refused(body: bytes, pointer: str) -> None:
    problem = problem_of(body)
    assert problem.code in ("malformed_json", "validation_failed")
    if problem.code == "malformed_json":
        assert pointer in [broken.pointer for broken in problem.errors]


def test_a_date_out_of_its_years_is_named_beside_what_else_is_wrong_and_a_good_one_is_not() -> None:
    sent = {"customer": "CUST-1", "external_reference": "INV-1", "currency": "ZAR", "amount_due": "1"}
    for dates in ({"bill_date": "0026-11-25", "due_date": "2026-01-31"}, {"due_date": "2201-01-01"}):
        with pytest.raises(ProblemError) as caught:
            decode(json.dumps(sent | dates).encode(), NewBill)
        found = {(broken.pointer, broken.code) for broken in caught.value.errors}
        assert found == {("/amount_due", "wrong_type"), (f"/{next(iter(dates))}", "invalid_date")}


def test_null_means_not_given() -> None:
    typed, _ = decode(json.dumps(GOOD | {"name": None, "balance": None, "metadata": None}).encode(), NewAccount)
    assert (typed.name, typed.balance, typed.metadata) == (None, None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from([*NewAccount.__struct_fields__, "surprise"])


@given(st.dictionaries(members, json_values))
def test_any_json_is_either_taken_or_explained(body: dict[str, Any]) -> None:
    try:
        decode(json.dumps(body).encode(), NewAccount)
    except ProblemError as problem:
        assert problem.errors or problem.code == "malformed_json"


@given(
    st.permutations(list({**GOOD, "name": "é", "balance": 5, "currency": "ZAR", "metadata": {"a": "1"}}.items())),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_the_canonical_form_ignores_order_and_white_space(pairs: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(dict(pairs), indent=indent, ensure_ascii=ascii_only)
    _, canonical = decode(text.encode(), NewAccount)
    assert canonical == (
        '{"balance":5,"currency":"ZAR","customer":"CUST-1","external_reference":"UAR1",'
        '"metadata":{"a":"1"},"name":"é"}'.encode()
    )
