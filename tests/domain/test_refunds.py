"""Money that went out again: from what is held of a payment, never more, each time under its own reference."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dues.domain.entries import Head
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.payments import MadePayment, Payment, make_payment
from dues.domain.records import Record
from dues.domain.refunds import NewRefund, Refunded, refund_payment
from dues.domain.refusals import Refusal
from tests.domain.owed import CAUSE, bill, head_of, rules, unbroken
from tests.domain.there import There


def held(amount: int, applied: int = 40) -> MadePayment:
    """A payment of which so much is held, since the bill that it was for takes no more."""
    new = NewPayment(external_reference="TX", amount=applied + amount, currency="ZAR", bill="INV", rest="hold")
    made = make_payment(new, bill(applied, default=rules(most=AMOUNT_MAX, over=False)), [], None, None, CAUSE)
    assert isinstance(made, MadePayment)
    return made


def of(amount: int, reference: str = "R-1", reason: str | None = None) -> NewRefund:
    """A refund of so much."""
    return NewRefund(amount=amount, external_reference=reference, reason=reason)


def refused(record: Record[Payment], new: NewRefund, there: There | None = None) -> tuple[str, str | None]:
    """Why it is not recorded."""
    refusal = refund_payment(record, new, there or There(), CAUSE)
    assert isinstance(refusal, Refusal), refusal
    return refusal.code, refusal.pointer


def refunded(record: Record[Payment], new: NewRefund) -> Refunded:
    """The refund, which must not be refused."""
    outcome = refund_payment(record, new, There(), CAUSE)
    assert isinstance(outcome, Refunded), outcome
    return outcome


def test_what_is_held_may_go_out_again_and_not_a_cent_more() -> None:
    record = held(100).payment.after
    for amount in (1, 99, 100):
        outcome = refunded(record, of(amount, reason="Paid twice"))
        after = outcome.payment.after.of
        assert (after.amount_unapplied, after.amount_refunded, after.status) == (100 - amount, amount, "applied")
        [entry] = outcome.payment.entries
        assert (entry.kind, entry.amount, entry.balance_after) == ("refund", -amount, 100 - amount)
        assert (entry.reason, entry.payment_id, entry.owner_id) == ("Paid twice", after.id, after.id)
        refund = outcome.refund.after.of
        assert (refund.payment_id, refund.amount, refund.currency) == (after.id, amount, "ZAR")
        assert (refund.external_reference, refund.reason, outcome.refund.before) == ("R-1", "Paid twice", None)
    assert refused(record, of(101)) == ("refund_exceeds_unapplied", "/amount")
    assert refused(held(0).payment.after, of(1)) == ("refund_exceeds_unapplied", "/amount")


def test_what_is_wrong_is_said_in_order() -> None:
    record = held(100).payment.after
    bounced = structs.replace(record, of=structs.replace(record.of, status="reversed", amount_unapplied=0))
    before = There(refunded(record, of(1)).refund.after)
    assert refused(bounced, of(AMOUNT_MAX + 1), before) == ("amount_out_of_range", "/amount")
    assert refused(bounced, of(1), before) == ("external_reference_taken", "/external_reference")
    assert refused(bounced, of(1)) == ("payment_reversed", None)


@given(st.integers(1, 60) | st.just(AMOUNT_MAX - 40), st.lists(st.integers(1, 30) | st.just(AMOUNT_MAX), max_size=8))
def test_any_number_of_refunds_comes_to_no_more_than_was_held(held_: int, amounts: list[int]) -> None:
    made = held(held_)
    record, entries, left = made.payment.after, [*made.payment.entries], held_
    for number, amount in enumerate(amounts):
        if amount > left:
            assert refused(record, of(amount, f"R-{number}"))[0] == "refund_exceeds_unapplied"
            continue
        outcome = refunded(record, of(amount, f"R-{number}"))
        assert outcome.payment.before is record
        record, entries, left = outcome.payment.after, [*entries, *outcome.payment.entries], left - amount
        assert (record.of.amount_unapplied, record.of.amount_refunded) == (left, held_ - left)
        assert record.head == head_of(entries) != Head()
    assert unbroken(entries)
    assert record.of.applications == made.payment.after.of.applications
    assert record.of.amount == 40 + left + record.of.amount_refunded
