"""A payment is taken back whole, once, and only while what it did can be undone."""

from typing import Any

import pytest

from dues.domain.bills import Bill
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation
from dues.domain.payments import MadePayment, PaymentSurroundings, make_payment
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment
from tests.domain.owed import CAUSE, account, bill, customer, rules

BOUNCED = NewReversal(reason="bounced", note="Returned")
ANY = rules(0, AMOUNT_MAX)


def paid(owed: Obligation, amount: int, **more: Any) -> MadePayment:
    """A payment of something that allows it."""
    asked: dict[str, Any] = {owed.kind: owed.of.id, **more}
    request = NewPayment(external_reference="EFT", amount=amount, currency="ZAR", **asked)
    made = make_payment(request, PaymentSurroundings(owed, False), None, CAUSE)
    assert isinstance(made, MadePayment)
    return made


@pytest.mark.parametrize(
    "owed",
    [bill(500, default=ANY), bill(500, 200, ANY), account(500, ANY), account(-5, ANY), customer(0, ANY)],
)
def test_it_leaves_everything_as_it_was_but_for_the_ledger(owed: Obligation) -> None:
    made = paid(owed, 300)
    [done] = made.paid
    after = Obligation(done.after.of, owed.default_rules, owed.head)
    back = reverse_payment(made.payment, [after], BOUNCED, CAUSE)
    assert isinstance(back, MadePayment)
    [undone] = back.paid
    assert undone.after.of == owed.of
    assert [(entry.kind, entry.amount, entry.reason) for entry in undone.entries] == [
        ("reversal", -done.entries[0].amount, "bounced")
    ]
    assert back.payment.status == "reversed"
    assert back.payment.reversal
    assert (back.payment.reversal.reason, back.payment.reversal.note) == ("bounced", "Returned")
    assert back.payment.applications == made.payment.applications


def test_a_paid_bill_is_open_again() -> None:
    owed = bill(500, default=ANY)
    made = paid(owed, 500)
    assert isinstance(made.paid[0].after.of, Bill)
    assert made.paid[0].after.of.status == "paid"
    back = reverse_payment(made.payment, [made.paid[0].after], BOUNCED, CAUSE)
    assert isinstance(back, MadePayment)
    assert isinstance(back.paid[0].after.of, Bill)
    assert back.paid[0].after.of.status == "unpaid"


def test_it_is_taken_back_once() -> None:
    made = paid(account(500, ANY), 300)
    back = reverse_payment(made.payment, [made.paid[0].after], BOUNCED, CAUSE)
    assert isinstance(back, MadePayment)
    again = reverse_payment(back.payment, [back.paid[0].after], BOUNCED, CAUSE)
    assert isinstance(again, Refusal)
    assert again.code == "payment_reversed"


@pytest.mark.parametrize(
    ("owed", "then", "code"),
    [
        (bill(500, default=ANY), bill(500, default=ANY, status="voided"), "bill_voided"),
        (bill(500, default=ANY), bill(201, 299, ANY), "payment_outweighed"),
        (account(500, ANY), account(None, ANY), "balance_not_tracked"),
        (account(500, ANY), account(200, ANY, currency="USD"), "currency_mismatch"),
        (account(500, ANY), account(AMOUNT_MAX - 299, ANY), "amount_out_of_range"),
        (customer(500, ANY), customer(AMOUNT_MAX, ANY), "amount_out_of_range"),
    ],
)
def test_what_was_changed_since_may_be_in_its_way(owed: Obligation, then: Obligation, code: str) -> None:
    refusal = reverse_payment(paid(owed, 300).payment, [then], BOUNCED, CAUSE)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


@pytest.mark.parametrize("then", [bill(200, 300, ANY), account(AMOUNT_MAX - 300, ANY)])
def test_it_may_take_back_to_the_very_edge(then: Obligation) -> None:
    owed = bill(500, default=ANY) if then.kind == "bill" else account(500, ANY)
    assert isinstance(reverse_payment(paid(owed, 300).payment, [then], BOUNCED, CAUSE), MadePayment)
