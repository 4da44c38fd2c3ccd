"""What a payment does to one bill or balance, and how far it can be taken back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dues.domain.bills import Bill
from dues.domain.money import AMOUNT_MAX
from dues.domain.obligations import Owed
from dues.domain.paying import NotRestored, pay, release, restore
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, account, bill, customer, unbroken

OF_PAYMENT = structs.replace(CAUSE, payment_id="pay_1")


def paid_bill(paid: int, applied: int, **changes: Any) -> Owed:
    """A bill of 100, of which so much was paid, and by payments applied."""
    status = "paid" if paid >= 100 else "unpaid"
    fields: dict[str, Any] = {"amount_due": 100, "amount_applied": applied, "status": status}
    return bill(1, paid, **(fields | changes))


CANNOT: list[tuple[Owed, str, str, int]] = [
    (paid_bill(0, 50, status="voided"), "bill_voided", "bill_voided", 0),
    (paid_bill(49, 50), "amount_paid_lowered", "payment_outweighed", 49),
    (paid_bill(0, 50), "amount_paid_lowered", "payment_outweighed", 0),
    (account(None), "balance_not_tracked", "balance_not_tracked", 0),
    (customer(None, currency="USD"), "balance_not_tracked", "balance_not_tracked", 0),
    (account(7, currency="USD"), "currency_mismatch", "currency_mismatch", 0),
    (customer(AMOUNT_MAX - 49), "amount_out_of_range", "amount_out_of_range", 0),
]
"""What 50 of a payment in ZAR went to, as it is now; why it cannot be taken back from there, and how much can."""


@pytest.mark.parametrize(("now", "reason", "_", "back"), CANNOT)
def test_a_reversal_takes_back_what_can_be_and_says_why_not_the_rest(now: Owed, reason: Any, _: str, back: int) -> None:
    change, lost = restore(now, 50, "ZAR", "bounced", OF_PAYMENT)
    assert lost == NotRestored(50 - back, reason)
    assert [(one.kind, one.amount, one.reason) for one in change.entries] == (
        [("reversal", -back, "bounced")] if back else []
    )
    if isinstance(now.of, Bill):
        assert change.after.of == structs.replace(now.of, amount_paid=now.of.amount_paid - back, amount_applied=0)
    else:
        assert change.after.of == now.of


@pytest.mark.parametrize(("now", "_", "code", "back"), CANNOT)
def test_what_cannot_be_taken_back_wholly_is_not_held_again_either(now: Owed, _: str, code: str, back: int) -> None:
    refusal = release(now, 50, "ZAR", OF_PAYMENT)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert back < 50


bills = st.builds(
    lambda applied, by_hand: paid_bill(applied + by_hand, applied),
    st.integers(50, 120),
    st.integers(0, 60) | st.just(AMOUNT_MAX - 200),
)
balances = st.integers(-200, 200) | st.sampled_from([-AMOUNT_MAX + 50, AMOUNT_MAX - 50])


@given(bills | st.builds(account, balances) | st.builds(customer, balances), st.integers(1, 50))
def test_what_was_paid_and_taken_back_is_as_it_was(owed: Owed, amount: int) -> None:
    paid = pay(owed, amount, OF_PAYMENT)
    released = release(paid.after, amount, "ZAR", OF_PAYMENT)
    assert not isinstance(released, Refusal)
    reversed_, lost = restore(paid.after, amount, "ZAR", "fraud", OF_PAYMENT)
    assert lost is None
    for back, kind in ((released, "release"), (reversed_, "reversal")):
        assert (paid.before, back.before, back.after.of) == (owed, paid.after, owed.of)
        [there, again] = [*paid.entries, *back.entries]
        assert (there.kind, again.kind, there.amount + again.amount) == ("payment", kind, 0)
        assert (again.number, again.payment_id) == (there.number + 1, "pay_1")
        assert there.amount == (amount if isinstance(owed.of, Bill) else -amount)
    if not owed.head or owed.head.number == 0:
        assert unbroken([*paid.entries, *released.entries])
