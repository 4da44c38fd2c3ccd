"""Receipts and statements by mail: once where that can be known, said where it cannot, and to nobody else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Merchant
from tests.mails.mailbox import Mailbox, mailbox
from tests.mails.mailing import ended, new_mail, new_payment, serving_mail, wait_for
from tests.resources.payments.paying import new_bill
from tests.running import Caller, RunningServer, new_key, new_reference


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    """The mail server."""
    with mailbox() as one:
        yield one


@pytest.fixture(scope="module")
def posting(database_url: str, box: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that sends mail by it."""
    log: Path = tmp_path_factory.mktemp("posting") / "log"
    with serving_mail(database_url, box, log).running() as running:
        yield running


@pytest.fixture
def anna(posting: RunningServer, merchant: Merchant, box: Mailbox) -> Caller:
    """The merchant there; the mailbox is empty and takes everything."""
    box.messages.clear()
    box.to.clear()
    box.answer, box.slow_seconds = lambda number: "250 OK", 0.0
    return merchant.caller(base=posting.base)


def test_a_receipt_is_sent_to_the_customer_as_text_as_a_page_and_as_a_document(anna: Caller, box: Mailbox) -> None:
    paid = new_payment(anna, name="Zoë", email="zoe@example.com")
    mail = new_mail(anna, payment=paid["id"], lang="de")
    assert (mail["state"], mail["to"], mail["kind"]) == ("waiting", "zoe@example.com", "receipt")
    sent = ended(anna, mail)
    assert (sent["state"], sent["attempts"], "may_come_twice" in sent) == ("sent", 1, False)
    [message] = box.of(mail)
    assert "zoe@example.com" in box.to
    assert message["Subject"].startswith("TEST: Quittung von ")
    assert message["Message-ID"] == f"<{mail['id']}@utility.example>"
    assert message["From"].addresses[0].addr_spec == "billing@utility.example"
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert "400,00" in text.get_content()
    assert '<html lang="de"' in page.get_content()
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names in ([], [f"receipt-{paid['id']}.pdf"])
    told = [one["type"] for one in anna.everything("/billing/events") if one["data"].get("id") == mail["id"]]
    assert told == ["mail.sent", "mail.created"]


def test_a_statement_is_sent_in_every_language(anna: Caller, box: Mailbox) -> None:
    bill = new_bill(anna, amount_due=150_000)
    for language in ("en", "af", "zu", "de", "fr", "ar"):
        mail = new_mail(anna, statement={"customer": bill["customer_id"]}, to="jane@example.com", lang=language)
        assert ended(anna, mail)["state"] == "sent"
        assert box.of(mail)[-1]["Content-Language"] == language
    assert anna.everything("/billing/mails", state="sent", customer=bill["customer_id"])[0]["lang"] == "ar"


def test_a_repeated_key_sends_one_mail(anna: Caller, box: Mailbox) -> None:
    paid, key = new_payment(anna, email="jane@example.com"), new_key()
    first, again = (anna.post("/billing/mails", {"payment": paid["id"]}, key) for _ in range(2))
    assert first.json() == again.json()
    ended(anna, first.json())
    assert len(box.of(first.json())) == 1


def test_names_add_no_headers_and_addresses_of_other_scripts_are_sent_to(anna: Caller, box: Mailbox) -> None:
    paid = new_payment(anna, name="Bcc: evil@example.com")
    mail = new_mail(anna, payment=paid["id"], to="jane@bücher.example")
    assert mail["to"] == "jane@xn--bcher-kva.example"
    ended(anna, mail)
    assert "jane@xn--bcher-kva.example" in box.to
    assert box.of(mail)[0]["Bcc"] is None
    for wrong in ("jane", "a@b@c", "jane@example.com\r\nBcc: x@example.com", "jane@example.com, x@example.com"):
        answer = anna.post("/billing/mails", {"payment": paid["id"], "to": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


def test_what_is_refused_for_now_is_tried_again_and_is_the_same_message(
    anna: Caller, box: Mailbox, hurry: Callable[[str], None]
) -> None:
    box.answer = lambda number: "451 4.3.0 come back later"
    mail = new_mail(anna, payment=new_payment(anna)["id"], to="jane@example.com")
    waiting = wait_for(anna, mail, lambda found: "reason" in found)
    assert (waiting["state"], waiting["reason"]) == ("waiting", "451 4.3.0 come back later")
    box.answer = lambda number: "250 OK"
    hurry(mail["id"])
    sent = ended(anna, mail)
    assert (sent["state"], sent["attempts"], "may_come_twice" in sent) == ("sent", 2, False)
    assert len(box.of(mail)) == 2


def test_what_is_refused_for_good_is_not_tried_again(anna: Caller, box: Mailbox) -> None:
    box.answer = lambda number: "550 5.1.1 nobody is called so here"
    mail = new_mail(anna, payment=new_payment(anna)["id"], to="nobody@example.com")
    failed = ended(anna, mail)
    assert (failed["state"], failed["attempts"]) == ("failed", 1)
    assert failed["reason"] == "550 5.1.1 nobody is called so here"
    told = [one["type"] for one in anna.everything("/billing/events") if one["data"].get("id") == mail["id"]]
    assert told == ["mail.failed", "mail.created"]


def test_a_connection_that_ends_after_the_message_is_said_to_be_unclear(
    anna: Caller, box: Mailbox, hurry: Callable[[str], None]
) -> None:
    box.answer = lambda number: None
    mail = new_mail(anna, payment=new_payment(anna)["id"], to="jane@example.com")
    assert wait_for(anna, mail, lambda found: "reason" in found)["may_come_twice"] is True
    box.answer = lambda number: "250 OK"
    hurry(mail["id"])
    assert ended(anna, mail)["may_come_twice"] is True
    assert len(box.of(mail)) == 2


def test_it_refuses_each_rule_by_name(anna: Caller, mallory: Caller) -> None:
    paid, theirs = new_payment(anna), new_payment(mallory)
    to = {"to": "jane@example.com"}
    for body, code in (
        ({}, "validation_failed"),
        ({"payment": paid["id"], "statement": {"customer": "x"}}, "validation_failed"),
        ({"statement": {}}, "validation_failed"),
        ({"statement": {"customer": "x", "from": "2026-02-01", "to": "2026-01-01"}}, "validation_failed"),
        ({"payment": paid["id"]}, "mail_without_address"),
        ({"payment": theirs["id"], **to}, "payment_not_found"),
        ({"statement": {"customer": theirs["customer_id"]}, **to}, "customer_not_found"),
        ({"statement": {"account": new_reference()}, **to}, "account_not_found"),
        ({"statement": {"customer": paid["customer_id"], "payment_link": "plk_x"}, **to}, "payment_link_not_found"),
    ):
        assert anna.post("/billing/mails", body).json()["code"] == code, body
    mail = new_mail(anna, payment=paid["id"], **to)
    assert mallory.get(f"/billing/mails/{mail['id']}").json()["code"] == "mail_not_found"
    assert mallory.everything("/billing/mails") == []


def test_a_server_without_a_mail_server_says_what_to_set(database_url: str, merchant: Merchant, tmp_path: Path) -> None:
    with RunningServer(database_url=database_url, log=tmp_path / "log", webhooks="false").running() as silent:
        caller = merchant.caller(base=silent.base)
        answer = caller.post("/billing/mails", {"payment": new_payment(caller)["id"], "to": "jane@example.com"})
        assert (answer.status_code, answer.json()["code"]) == (501, "mail_not_set")
        assert "DUES_MAIL_URL" in answer.json()["detail"]
