"""Checkouts: a charge that is less than was chosen; states that money outweighs."""

from datetime import UTC, datetime

from msgspec import structs

from dues.domain.checkouts import (
    Charged,
    CheckoutPart,
    Choice,
    begin_checkout,
    end_checkout,
    orphan_checkout,
    pay_checkout,
    payment_of,
)
from dues.domain.entries import Cause
from dues.domain.payment_links import PaymentLink, new_token, sha256_of, tenant_of
from dues.domain.tenants import Tenant

NOW = datetime(2026, 1, 5, tzinfo=UTC)

LINK = PaymentLink(
    id="plk_1",
    external_reference=None,
    target="customer",
    owner_id="bcus_1",
    customer_id="bcus_1",
    bills=None,
    amount=None,
    currency=None,
    uses="many",
    show="masked",
    token="",
    token_sha256="",
    expires_at=NOW,
    created_at=NOW,
)

CHOICE = Choice(1_000, "ZAR", [CheckoutPart("bill_1", 600, 600), CheckoutPart("bill_2", 300, 500)])


def test_the_oldest_bills_have_what_was_charged_and_the_rest_is_for_the_balance() -> None:
    for charged, parts in ((1_000, [600, 300]), (2_000, [600, 300]), (700, [600, 100]), (600, [600]), (1, [1])):
        new = payment_of(LINK, CHOICE, Charged("ch_1", charged, "ZAR"), "test", "chk_1")
        assert (new.amount, [part.amount for part in new.parts or ()]) == (charged, parts)
        assert new.external_reference == "test:ch_1"
        assert list(new.cross_check()) == []


def test_money_outweighs_every_state_and_the_first_payment_stays() -> None:
    opened = begin_checkout(LINK, CHOICE, "test", "press", Cause(1, "req_1", None, NOW)).after
    for state in ("failed", "expired", "orphaned"):
        ended = orphan_checkout(opened, "why") if state == "orphaned" else end_checkout(opened, state, "why")
        assert ended.after.of.state == state
        paid = pay_checkout(ended.after, "pay_1").after
        assert (paid.of.state, paid.of.payment_id, paid.of.reason) == ("paid", "pay_1", None)
        assert pay_checkout(paid, "pay_2").after.of.payment_id == "pay_1"
        assert end_checkout(paid, "failed", "late").after.of == orphan_checkout(paid, "late").after.of == paid.of
    over = structs.replace(LINK, uses="once", payments=1, expires_at=NOW.replace(year=2027))
    assert over.is_over(NOW)
    assert not over.is_gone(NOW)


def test_a_token_says_whose_it_may_be_and_nothing_else_is_one() -> None:
    tokens = {new_token(Tenant(3, 42)) for _ in range(100)}
    assert len(tokens) == 100
    assert {tenant_of(token) for token in tokens} == {42}
    token = tokens.pop()
    assert len(sha256_of(token)) == 64
    for wrong in ("", token[:-1], token + "x", token.replace("-", "_"), "9999999999-" + "x" * 22, "٤-" + "x" * 22):
        assert tenant_of(wrong) is None
