"""What `payable` of an account or a customer says of its open bills, beside its balance."""

from typing import Any

import pytest

from dues.domain.money import AMOUNT_MAX
from tests.conftest import Ask, Merchant
from tests.resources.payments.paying import new_account, new_bill, new_collector, pay, payable, refused
from tests.running import Caller

OVERDUE = {"bill_date": "2025-01-01"}


def bills_of(caller: Caller, account: dict[str, Any]) -> list[dict[str, Any]]:
    """Two of them, of ZAR 600.00 and 400.00; and what is not open any more."""
    of = {"account": account["id"]}
    paid, voided = new_bill(caller, **of, amount_due=500), new_bill(caller, **of, amount_due=10_000)
    assert pay(caller, bill=paid["id"], amount=500).status_code == 201
    assert caller.post(f"/billing/bills/{voided['id']}/void", {}).status_code == 200
    later, older = (OVERDUE | {"due_date": day} for day in ("2025-03-31", "2025-02-28"))
    return [new_bill(caller, **of, amount_due=60_000, **later), new_bill(caller, **of, amount_due=40_000, **older)]


def test_a_till_is_told_what_is_to_be_paid_of_an_account_without_a_balance(
    alice: Caller, merchant: Merchant, ask: Ask[Any]
) -> None:
    till = new_collector(ask, merchant)
    account = new_account(alice, None)
    bills = bills_of(alice, account)
    told = payable(till.caller, account).json()
    total = {"currency": "ZAR", "count": 2, "amount_remaining": 100_000, "oldest_due_date": "2025-02-28"}
    assert (told["payable"], told["open_bills"]) == (False, total)
    sentence = "tracks no balance of its own, but its 2 open bills come to ZAR 1,000.00."
    assert sentence in told["reason"]["detail"]
    assert payable(till.caller, {"id": account["customer_id"]}).json()["open_bills"] == total

    assert pay(till.caller, bill=bills[1]["id"], amount=40_000).status_code == 201
    assert pay(till.caller, bill=bills[0]["id"], amount=10_000).status_code == 201
    told = payable(till.caller, account).json()
    assert told["open_bills"] == total | {"count": 1, "amount_remaining": 50_000, "oldest_due_date": "2025-03-31"}
    assert "its open bill comes to ZAR 500.00" in told["reason"]["detail"]


def test_while_bills_are_open_it_never_says_that_nothing_is_to_be_paid(alice: Caller) -> None:
    for balance, why in ((0, "owes nothing on its own balance"), (-500, "owes nothing"), (None, "tracks no balance")):
        account = new_account(alice, balance)
        assert "open_bills" not in payable(alice, account).json()
        new_bill(alice, account=account["id"])
        reason = payable(alice, account).json()["reason"]["detail"]
        assert why in reason
        assert "its open bill comes to ZAR 1,500.00. Pay a bill by its name" in reason
        assert "nothing to pay" not in reason


def test_currencies_are_told_apart_the_own_one_first(alice: Caller) -> None:
    customer = alice.register_customer(currency="ZAR", balance=700).json()
    for currency, amount in (("ZAR", 300), ("BHD", 1_500), ("USD", 200), ("USD", 400)):
        account = alice.open_account(customer=customer["id"]).json()
        new_bill(alice, account=account["id"], currency=currency, amount_due=amount)
    told = payable(alice, customer).json()
    assert (told["payable"], told["outstanding"]) == (True, 700)
    assert told["open_bills"] == {"currency": "ZAR", "count": 1, "amount_remaining": 300}
    assert told["open_bills_in_other_currencies"] == [
        {"currency": "BHD", "count": 1, "amount_remaining": 1_500},
        {"currency": "USD", "count": 2, "amount_remaining": 600},
    ]
    alice.patch(f"/billing/customers/{customer['id']}", {"balance": None, "currency": None})
    told = payable(alice, customer).json()
    assert told["open_bills"]["currency"] == "BHD"
    assert "its 4 open bills come to BHD 1.500 and USD 6.00 and ZAR 3.00" in told["reason"]["detail"]


@pytest.mark.parametrize("kind", ["account", "customer"])
def test_a_payment_on_what_was_seen_is_refused_once_its_bills_are_others(alice: Caller, kind: str) -> None:
    account = new_account(alice, 3_000)
    thing = account if kind == "account" else alice.register_customer(currency="ZAR", balance=3_000).json()
    new_bill(alice, **{kind: thing["id"]})
    tag = payable(alice, thing).headers["etag"]
    assert payable(alice, thing, If_None_Match=tag).status_code == 304
    assert pay(alice, None, "?preview=true", if_match=tag, **{kind: thing["id"]}).status_code == 200
    new_bill(alice, **{kind: thing["id"]})
    assert payable(alice, thing, If_None_Match=tag).status_code == 200
    assert refused(pay(alice, if_match=tag, **{kind: thing["id"]})) == (412, "etag_mismatch")
    now = payable(alice, thing).headers["etag"]
    assert pay(alice, if_match=now, **{kind: thing["external_reference"]}).status_code == 201


def test_what_nobody_could_represent_is_not_told(alice: Caller) -> None:
    account = new_account(alice)
    tag = payable(alice, account).headers["etag"]
    for _ in range(2):
        new_bill(alice, account=account["id"], amount_due=AMOUNT_MAX)
    assert refused(payable(alice, account)) == (422, "amount_out_of_range")
    assert refused(pay(alice, account=account["id"], if_match=tag)) == (422, "amount_out_of_range")
    assert pay(alice, account=account["id"]).status_code == 201
    assert alice.get(f"/billing/accounts/{account['id']}/summary").status_code == 422


def test_of_a_voided_bill_nothing_is_outstanding(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=10_000)
    alice.post(f"/billing/bills/{bill['id']}/void", {})
    told = payable(alice, bill).json()
    assert (told["payable"], told["outstanding"], told["reason"]["code"]) == (False, 0, "bill_voided")
