"""One payment over several bills: by name, or the oldest first; what is left is for the balance."""

from typing import Any

import pytest

from dues.domain.allocation import BILLS_MAX, Part, allot_oldest_first, allot_parts, allot_whole
from dues.domain.obligations import Obligation
from dues.domain.refusals import Refusal
from tests.domain.owed import account, bill, customer, rules

ANY = rules(0, 1_000)
OWNER = account(0, ANY)


def bills(*outstanding: int, **changes: Any) -> list[Obligation]:
    """Bills of the account, of which so much each is outstanding."""
    return [
        bill(due, default=ANY, id=f"bill_{number}", external_reference=f"INV-{number}", account_id="bacc_1", **changes)
        for number, due in enumerate(outstanding, 1)
    ]


def spread(outcome: Any) -> list[tuple[str, int]]:
    """(what, how much) of each allotment."""
    assert isinstance(outcome, list)
    return [(one.owed.of.id, one.amount) for one in outcome]


def refusal_of(outcome: object) -> tuple[str, str | None]:
    """(code, pointer) of a refusal."""
    assert isinstance(outcome, Refusal)
    return outcome.code, outcome.pointer


def test_all_of_it_is_for_the_one_that_is_named() -> None:
    [one] = bills(500)
    assert spread(allot_whole(one, 300, "ZAR")) == [("bill_1", 300)]
    assert refusal_of(allot_whole(one, 300, "USD")) == ("currency_mismatch", "/currency")


def parts(*amounts: int) -> list[Part]:
    """Parts for INV-1, INV-2 …"""
    return [Part(bill=f"INV-{number}", amount=amount) for number, amount in enumerate(amounts, 1)]


def test_each_bill_gets_its_part_and_the_balance_the_rest() -> None:
    two = bills(500, 500)
    assert spread(allot_parts(OWNER, 300, "ZAR", parts(100, 200), two)) == [("bill_1", 100), ("bill_2", 200)]
    assert spread(allot_parts(OWNER, 301, "ZAR", parts(100, 200), two))[2:] == [("bacc_1", 1)]


def test_parts_are_refused_as_payments_of_their_own_are() -> None:
    two = bills(500, 500)
    strict = bills(500, 500, payment_rules=rules(100, 400, under=False, over=False))
    assert refusal_of(allot_parts(OWNER, 300, "ZAR", parts(100, 200), [two[0], None])) == (
        "bill_not_found",
        "/parts/1/bill",
    )
    assert refusal_of(allot_parts(OWNER, 300, "ZAR", parts(100, 200), [two[0], two[0]])) == (
        "validation_failed",
        "/parts/1/bill",
    )
    assert refusal_of(allot_parts(OWNER, 300, "ZAR", parts(200, 100), [two[0], strict[1]])) == (
        "underpayment_not_allowed",
        "/parts/1/amount",
    )
    assert refusal_of(allot_parts(OWNER, 300, "USD", parts(100, 200), two)) == ("currency_mismatch", "/currency")
    voided = bills(500, status="voided")
    assert refusal_of(allot_parts(OWNER, 100, "ZAR", parts(100), voided))[0] == "bill_voided"


@pytest.mark.parametrize(
    ("owner", "other"),
    [
        (OWNER, {"account_id": "bacc_2"}),
        (OWNER, {"account_id": None}),
        (customer(0, ANY), {"customer_id": "bcus_john"}),
    ],
)
def test_a_part_is_of_a_bill_of_who_pays(owner: Obligation, other: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"account_id": "bacc_1", **other}
    one = bill(500, default=ANY, **fields)
    assert refusal_of(allot_parts(owner, 100, "ZAR", parts(100), [one])) == ("owner_mismatch", "/parts/0/bill")


def test_a_customer_pays_the_bills_of_their_accounts_too() -> None:
    assert spread(allot_parts(customer(0, ANY), 100, "ZAR", parts(100), bills(500))) == [("bill_1", 100)]


def test_parts_may_not_be_more_than_the_whole() -> None:
    assert isinstance(allot_parts(OWNER, 100, "ZAR", parts(100, 1), bills(500, 500)), Refusal)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (50, [("bill_1", 50)]),
        (100, [("bill_1", 100)]),
        (101, [("bill_1", 100), ("bill_2", 1)]),
        (350, [("bill_1", 100), ("bill_2", 200), ("bill_3", 50)]),
        (600, [("bill_1", 100), ("bill_2", 200), ("bill_3", 300)]),
        (601, [("bill_1", 100), ("bill_2", 200), ("bill_3", 300), ("bacc_1", 1)]),
    ],
)
def test_the_oldest_are_paid_first_and_none_too_much(amount: int, expected: list[tuple[str, int]]) -> None:
    assert spread(allot_oldest_first(OWNER, amount, "ZAR", bills(100, 200, 300))) == expected


def test_a_bill_that_takes_nothing_of_it_is_passed_over() -> None:
    first, second, third = bills(100, 200, 300)
    whole_only = bill(200, default=rules(0, 1_000, under=False), id="bill_2", account_id="bacc_1")
    foreign = bill(200, default=ANY, id="bill_2", account_id="bacc_1", currency="USD")
    unruled = bill(200, id="bill_2", account_id="bacc_1")
    for odd in (whole_only, foreign, unruled):
        assert spread(allot_oldest_first(OWNER, 150, "ZAR", [first, odd, third])) == [("bill_1", 100), ("bill_3", 50)]
    assert spread(allot_oldest_first(OWNER, 300, "ZAR", [first, whole_only])) == [("bill_1", 100), ("bill_2", 200)]
    assert second.outstanding == 200


def test_the_rest_is_refused_where_the_balance_does_not_take_it() -> None:
    closed = account(0)
    assert refusal_of(allot_oldest_first(closed, 101, "ZAR", bills(100)))[0] == "payment_not_allowed"
    assert spread(allot_oldest_first(closed, 100, "ZAR", bills(100))) == [("bill_1", 100)]


def test_there_may_be_so_many_bills_and_no_more() -> None:
    many = bills(*[1] * (BILLS_MAX + 1))
    assert len(spread(allot_oldest_first(OWNER, BILLS_MAX, "ZAR", many))) == BILLS_MAX
    assert refusal_of(allot_oldest_first(OWNER, BILLS_MAX + 1, "ZAR", many)) == ("too_many_bills", "/amount")
