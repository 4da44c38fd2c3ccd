"""Cards by Stripe, against a Stripe of our own: whatever goes wrong, what was charged is one payment."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.db.database import Database
from dues.domain.currencies import EXPONENTS
from dues.resources.checkouts.adapters.stripe_checkout import from_stripe, to_stripe
from dues.tenants.processors.store import StripeAccount, save_stripe_account
from dues.tenants.secrets.keys import NO_KEYS
from tests.conftest import Ask, Merchant
from tests.resources.checkouts.adapters.stripe_double import SECRET, StripeDouble, message, stripe_double
from tests.resources.checkouts.test_the_customers_page import owing, payments, visiting
from tests.resources.payment_links.visiting import Page, Thing, Visitor, new_link
from tests.running import Caller, RunningServer


def test_amounts_are_said_in_stripes_units() -> None:
    assert to_stripe(1_240, "ZAR") == 1_240
    assert to_stripe(1_240, "JPY") == 1_240
    assert to_stripe(1_240, "ISK") == 124_000, "which ISO has without decimals, and Stripe with two"
    assert to_stripe(1_240, "KWD") == 1_240
    assert to_stripe(1_245, "KWD") is None, "Stripe takes three decimals of which the last is zero"
    assert to_stripe(1_200, "MGA") == 12
    assert to_stripe(1_240, "MGA") is None


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(1, 2**53 - 1))
def test_what_was_said_to_stripe_comes_back_as_it_was(currency: str, amount: int) -> None:
    said = to_stripe(amount, currency)
    assert said is None or from_stripe(said, currency) == amount


@dataclass
class Stage:
    """Somebody with a bill of 100.00 and a link, a merchant with an account at our Stripe."""

    stripe: StripeDouble
    alice: Caller
    customer: Thing
    bill: Thing
    visitor: Visitor
    other_secret: str = "whsec_of_another"

    def begin(self) -> Page:
        return self.visitor.begin(by="stripe")

    def tell(self, kind: str = "completed", session: Thing | None = None, **how: Any) -> int:
        """Stripe's message about the session; the status that it is answered with."""
        body, headers = message(session or self.stripe.session, kind, **how)
        return self.visitor.http.post("/checkouts/stripe/messages", content=body, headers=headers).status_code

    def look(self) -> Page:
        return self.visitor.look(f"/{self.stripe.session['client_reference_id'].partition(':')[2]}")

    def state(self) -> str:
        """Of the checkout, as its last event says."""
        events = self.alice.everything("/billing/events")
        last: str = next(event["type"] for event in events if event["type"].startswith("checkout."))
        return last.partition(".")[2]

    def payments(self) -> list[Thing]:
        return payments(self.alice, self.customer)


def saved(merchant: Merchant, account: StripeAccount) -> Callable[[Database], Any]:
    """Gives a merchant an account in test mode."""

    async def save(database: Database) -> None:
        async with database.transaction() as tx:
            await save_stripe_account(tx, merchant.id, "test", account, NO_KEYS)
            await tx.commit()

    return save


@pytest.fixture(scope="module")
def double() -> Iterator[StripeDouble]:
    with stripe_double() as made:
        yield made


@pytest.fixture
def stage(double: StripeDouble, merchant: Merchant, alice: Caller, ask: Ask[Any]) -> Stage:
    double.faults.clear()
    double.faults_asked.clear()
    ask(saved(merchant, StripeAccount("sk_test_double", SECRET, double.url)))
    customer, [bill] = owing(alice, (10_000, 3))
    return Stage(double, alice, customer, bill, visiting(alice, new_link(alice, customer=customer["id"])["url"]))


def until(fact: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_somebody_pays_by_card_and_comes_back_to_a_receipt(stage: Stage) -> None:
    leaving = stage.begin()
    session = stage.stripe.session
    assert leaving.status == 200
    assert session["url"] in leaving.links
    assert f'http-equiv="refresh" content="0; url={session["url"]}"' in leaving.html
    assert (session["amount_total"], session["currency"]) == (10_000, "zar")
    assert "form-action 'self'" in leaving.headers["content-security-policy"]
    assert "Not paid yet?" in stage.look().text
    stage.stripe.pay(session)
    assert stage.tell() == 200
    back = stage.visitor.http.get(session["success_url"])
    assert "ZAR 100.00" in Page(back).answer
    [payment] = stage.payments()
    assert payment["external_reference"] == f"stripe:{session['payment_intent']}"
    assert payment["method"] == "stripe"
    assert stage.alice.get(f"/billing/bills/{stage.bill['id']}").json()["status"] == "paid"


# What can go wrong: each row says what happens, and what is there in the end -----------------------------------------


def told_twice(stage: Stage) -> None:
    stage.stripe.pay(stage.stripe.session)
    assert [stage.tell(), stage.tell()] == [200, 200]


def told_late(stage: Stage) -> None:
    stage.stripe.pay(stage.stripe.session)
    assert "100.00" in stage.look().text
    assert stage.tell() == 200


def told_again_long_after_it_was_paid(stage: Stage) -> None:
    told_twice(stage)
    assert stage.tell("expired", dict(stage.stripe.session, payment_status="unpaid", status="expired")) == 200


def never_told(stage: Stage) -> None:
    stage.stripe.pay(stage.stripe.session)
    stage.look()
    until(lambda: len(stage.payments()) == 1)


def away_when_asked(stage: Stage) -> None:
    stage.stripe.pay(stage.stripe.session)
    stage.stripe.faults_asked += [500, 500, "drop", "drop"]
    until(lambda: (stage.look() and False) or len(stage.payments()) == 1, 60)


def forged(stage: Stage) -> None:
    session = dict(stage.stripe.session, status="complete", payment_status="paid", payment_intent="pi_forged")
    assert stage.tell(session=session, secret="whsec_guessed") == 404
    body, headers = message(session)
    changed = body.replace(b"pi_forged", b"pi_other!")
    post = stage.visitor.http.post
    assert post("/checkouts/stripe/messages", content=changed, headers=headers).status_code == 404
    assert post("/checkouts/stripe/messages", content=body).status_code == 404
    assert post("/checkouts/stripe/messages", content=b"\xff", headers=headers).status_code == 404


def an_old_message(stage: Stage) -> None:
    session = dict(stage.stripe.session, status="complete", payment_status="paid", payment_intent="pi_old")
    assert stage.tell(session=session, age_seconds=3_600) == 404


def of_a_session_that_is_not_ours(stage: Stage) -> None:
    session = dict(stage.stripe.session, id="cs_other", status="complete", payment_status="paid", payment_intent="pi_1")
    assert stage.tell(session=session) == 404


def another_amount(stage: Stage) -> None:
    stage.stripe.pay(stage.stripe.session, amount_total=6_000)
    assert stage.tell() == 200


def another_currency(stage: Stage) -> None:
    stage.stripe.pay(stage.stripe.session, currency="usd")
    assert stage.tell() == 200


def expired(stage: Stage) -> None:
    stage.stripe.session["status"] = "expired"
    assert stage.tell("expired") == 200


def on_its_way(stage: Stage) -> None:
    stage.stripe.session.update(status="complete", payment_intent="pi_slow")
    assert stage.tell() == 200
    assert stage.payments() == []
    stage.stripe.session["payment_status"] = "paid"
    assert stage.tell("async_payment_succeeded") == 200


def declined_in_the_end(stage: Stage) -> None:
    stage.stripe.session.update(status="complete", payment_intent="pi_slow")
    assert [stage.tell(), stage.tell("async_payment_failed")] == [200, 200]


def of_something_else(stage: Stage) -> None:
    assert stage.tell("charge.updated") == 200


ROWS: list[tuple[Callable[[Stage], None], list[int], str]] = [
    (told_twice, [10_000], "paid"),
    (told_late, [10_000], "paid"),
    (told_again_long_after_it_was_paid, [10_000], "paid"),
    (never_told, [10_000], "paid"),
    pytest.param(away_when_asked, [10_000], "paid", marks=pytest.mark.slow),  # type: ignore[list-item]
    (forged, [], "created"),
    (an_old_message, [], "created"),
    (of_a_session_that_is_not_ours, [], "created"),
    (another_amount, [6_000], "paid"),
    (another_currency, [10_000], "paid"),
    (expired, [], "expired"),
    (on_its_way, [10_000], "paid"),
    (declined_in_the_end, [], "failed"),
    (of_something_else, [], "created"),
]


@pytest.mark.parametrize(("happens", "amounts", "state"), ROWS)
def test_whatever_happens_what_was_charged_is_one_payment(
    stage: Stage, happens: Callable[[Stage], None], amounts: list[int], state: str
) -> None:
    stage.begin()
    happens(stage)
    assert [payment["amount"] for payment in stage.payments()] == amounts
    assert stage.state() == state


def test_what_came_in_another_currency_is_held_and_pays_no_bill(stage: Stage) -> None:
    stage.begin()
    another_currency(stage)
    [payment] = stage.payments()
    assert (payment["currency"], payment["amount_unapplied"]) == ("USD", 10_000)
    assert stage.alice.get(f"/billing/bills/{stage.bill['id']}").json()["amount_paid"] == 0


def test_nobody_is_sent_nowhere_where_stripe_is_away(stage: Stage) -> None:
    stage.stripe.faults += [500, 500]
    page = stage.begin()
    assert page.status == 503
    assert "does not answer just now" in page.text
    checkout = stage.alice.everything("/billing/events")[0]["data"]["id"]
    again = stage.visitor.press(stage.visitor.look(f"/{checkout}"), button="go_on")
    assert stage.stripe.session["url"] in again.links
    told_twice(stage)
    assert [payment["amount"] for payment in stage.payments()] == [10_000]


def test_an_answer_that_was_lost_makes_no_second_session(stage: Stage) -> None:
    before = len(stage.stripe.sessions)
    stage.stripe.faults += ["lost"]
    assert stage.begin().status == 200
    assert len(stage.stripe.sessions) == before + 1


def test_the_same_form_again_is_the_same_session(stage: Stage) -> None:
    before = len(stage.stripe.sessions)
    confirm = stage.visitor.press(stage.visitor.look())
    pages = [stage.visitor.press(confirm, button="stripe") for _ in range(2)]
    assert pages[0].links == pages[1].links
    assert len(stage.stripe.sessions) == before + 1


def test_two_tabs_are_two_payments_and_the_second_is_held(stage: Stage) -> None:
    sessions = []
    for _ in range(2):
        stage.begin()
        sessions.append(stage.stripe.session)
    for session in sessions:
        stage.stripe.pay(session)
        assert stage.tell(session=session) == 200
    assert [payment.get("amount_unapplied", 0) for payment in stage.payments()] == [10_000, 0]


def test_another_merchants_secret_opens_nothing(
    stage: Stage, new_merchant: Callable[[], Merchant], ask: Ask[Any]
) -> None:
    ask(saved(new_merchant(), StripeAccount("sk_test_mallory", stage.other_secret, stage.stripe.url)))
    stage.begin()
    session = dict(stage.stripe.session, status="complete", payment_status="paid", payment_intent="pi_mallory")
    assert stage.tell(session=session, secret=stage.other_secret) == 404
    assert stage.payments() == []


def test_who_has_no_account_is_offered_none_and_live_mode_has_its_own(stage: Stage, merchant: Merchant) -> None:
    live = merchant.caller("live")
    bill = live.make_bill(currency="ZAR", amount_due=100).json()
    confirm = stage.visitor.press(stage.visitor.look())
    assert "by card" in confirm.text
    visitor = visiting(live, new_link(live, bills=[bill["id"]])["url"])
    assert "by card" not in visitor.press(visitor.look()).text


def test_what_was_never_paid_is_closed_at_stripe_before_it_is_over(stage: Stage) -> None:
    stage.begin()
    session = stage.stripe.session
    to = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * 86_400))
    assert stage.alice.post("/billing/test_clock/advance", {"to": to}).status_code < 300
    stage.look()
    until(lambda: stage.state() == "expired", 60)
    assert session["status"] == "expired"
    calls = [call for call in stage.stripe.calls if session["id"] in call[1]]
    assert [method for method, _ in calls[-3:]] == ["GET", "POST", "GET"], "it is asked once more after it is closed"


ROUNDS = 50 if os.environ.get("DUES_TEST_SOAK") == "1" else 4


@pytest.mark.parametrize("is_told_again", [True, False])
def test_a_server_that_is_killed_between_charge_and_record_loses_nothing(
    stage: Stage, database_url: str, tmp_path: Path, *, is_told_again: bool
) -> None:
    for number in range(1, ROUNDS // 2 + 1):
        victim = RunningServer(database_url=database_url, log=tmp_path / "log", webhooks="false")
        victim.start()
        customer, _ = owing(stage.alice, (10_000, 3))
        Visitor(victim.base, new_link(stage.alice, customer=customer["id"])["url"]).begin(by="stripe")
        stage.stripe.pay(stage.stripe.session)
        body, headers = message(stage.stripe.session)
        where = "/checkouts/stripe/messages"
        with ThreadPoolExecutor(1) as stripe:
            sent = stripe.submit(httpx.post, f"{victim.base}{where}", content=body, headers=headers)
            time.sleep(random.uniform(0, 0.02))
            victim.kill()
            with suppress(httpx.HTTPError):
                sent.result()
        if is_told_again:  # as Stripe does until somebody answers
            assert stage.visitor.http.post(where, content=body, headers=headers).status_code == 200
        until(lambda whose=customer: len(payments(stage.alice, whose)) == 1, 40)  # type: ignore[misc]
        assert [one["amount"] for one in payments(stage.alice, customer)] == [10_000], number
