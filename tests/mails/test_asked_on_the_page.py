"""Whoever has paid by a link has the receipt sent to an address they type: without a script, and not too often."""

from dues.http.pay_mails import A_DAY_MAX
from tests.resources.payment_links.visiting import Visitor, new_link
from tests.resources.payments.paying import new_bill
from tests.running import Caller


def test_the_receipt_is_sent_to_who_asks_and_the_address_is_shown_to_nobody(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    visitor = Visitor(str(alice.http.base_url), new_link(alice, customer=bill["customer_id"])["url"])
    paid = visitor.press(visitor.begin(), button="pay")
    wrong = visitor.press(paid, button="mail", to="jane")
    assert wrong.status == 422
    assert "Write an e-mail address" in wrong.text
    assert alice.everything("/billing/mails") == []
    for to in ("a@b.example\r\nBcc: x@c.example", "a@b.example, c@d.example", "x" * 300 + "@example.com"):
        assert visitor.press(paid, button="mail", to=to).status == 422

    sent = visitor.press(paid, button="mail", to="jane@example.com")
    assert "The receipt is on its way." in sent.text
    assert "jane@example.com" not in sent.html
    visitor.press(paid, button="mail", to="jane@example.com")  # the same form again
    [mail] = alice.everything("/billing/mails")
    assert (mail["asked_by"], mail["to"], mail["kind"]) == ("customer", "j***@example.com", "receipt")
    assert "jane@example.com" not in str(alice.everything("/billing/events"))

    # Whoever sends old forms with new addresses gets no more by it than whoever sends new ones.
    answers = [visitor.press(paid, button="mail", to=f"user{number}@example.com") for number in range(A_DAY_MAX + 2)]
    assert "No more receipts are sent today" in answers[-1].text
    assert len(alice.everything("/billing/mails")) == A_DAY_MAX


def test_what_is_not_paid_has_no_receipt_to_be_sent(alice: Caller) -> None:
    bill = new_bill(alice, amount_due=1_000)
    visitor = Visitor(str(alice.http.base_url), new_link(alice, customer=bill["customer_id"])["url"])
    waiting = visitor.begin()
    visitor.http.post(waiting.path, data={"do": "mail", "to": "jane@example.com", "number": "0"})
    assert alice.everything("/billing/mails") == []
