"""How to pay what a statement says: at a payment link that somebody made, and never at another's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Merchant
from tests.resources.payment_links.visiting import new_link
from tests.resources.payments.paying import new_bill, pay
from tests.running import Caller, RunningServer

PUBLIC = "https://pay.example.com/dues"


@pytest.fixture(scope="module")
def known(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that knows its public URL."""
    log: Path = tmp_path_factory.mktemp("known") / "log"
    server = RunningServer(database_url=database_url, log=log, webhooks="false", public_url=PUBLIC)
    with server.running() as running:
        yield running


@pytest.fixture
def anna(known: RunningServer, merchant: Merchant) -> Caller:
    """The merchant there."""
    return merchant.caller(base=known.base)


def test_a_statement_says_where_to_pay_and_stays_the_same(anna: Caller) -> None:
    bill = new_bill(anna, amount_due=150_000)
    link = new_link(anna, customer=bill["customer_id"])
    path = f"/billing/customers/{bill['customer_id']}/statement"
    links = len(anna.everything("/billing/payment_links"))
    assert "payment_url" not in anna.get(path).json()
    assert anna.get(f"{path}?payment_link={link['id']}").json()["payment_url"] == link["url"]
    page = anna.get(f"{path}.html?payment_link={link['id']}").text
    assert f'href="{link["url"]}"' in page
    assert '<div class="qr" role="img"' in page
    assert "To pay" in page
    assert page == anna.get(f"{path}.html?payment_link={link['id']}").text
    assert len(anna.everything("/billing/payment_links")) == links
    pytest.importorskip("typst", reason="needs dues[pdf]")
    first, again = (anna.get(f"{path}.pdf?payment_link={link['id']}") for _ in range(2))
    assert first.content == again.content
    assert link["url"].encode() in first.content  # it can be pressed, too
    assert b"pdfuaid" in first.content


def test_a_link_of_an_account_is_for_statements_of_that_and_of_its_customer(anna: Caller) -> None:
    one = anna.open_account().json()
    other = anna.open_account(customer=one["customer_id"]).json()
    link = new_link(anna, account=one["id"])["id"]
    for path, status in (
        (f"/billing/accounts/{one['id']}", 200),
        (f"/billing/customers/{one['customer_id']}", 200),
        (f"/billing/accounts/{other['id']}", 422),
    ):
        assert anna.get(f"{path}/statement?payment_link={link}").status_code == status


def test_it_refuses_each_rule_by_name(anna: Caller, alice: Caller, mallory: Caller) -> None:
    bill, other = new_bill(anna), new_bill(anna)
    path = f"/billing/customers/{bill['customer_id']}/statement?payment_link="
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    withdrawn = new_link(anna, customer=bill["customer_id"], expires_at=soon)["id"]
    anna.post(f"/billing/payment_links/{withdrawn}/withdraw", {})
    mine = new_link(anna, customer=bill["customer_id"])["id"]
    for link, code in (
        ("plk_0Ue8xVi7zB1tO6dVpGi3y", "payment_link_not_found"),
        (new_link(mallory, customer=new_bill(mallory)["customer_id"])["id"], "payment_link_not_found"),
        (new_link(anna, customer=other["customer_id"])["id"], "owner_mismatch"),
        (withdrawn, "payment_link_over"),
    ):
        assert anna.get(path + link).json()["code"] == code
    unknown = alice.get(path + mine)  # this server was not told its public URL
    assert (unknown.status_code, unknown.json()["code"]) == (501, "payment_link_unreadable")
    assert "DUES_PUBLIC_URL" in unknown.json()["detail"]


def test_where_nothing_is_owed_nothing_is_to_be_paid(anna: Caller) -> None:
    bill = new_bill(anna, amount_due=1_000)
    pay(anna, bill=bill["id"], amount=1_000)
    assert "To pay" not in anna.get(f"/billing/customers/{bill['customer_id']}/statement.html").text
