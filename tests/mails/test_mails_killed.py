"""A server that is killed while it sends: no other is there meanwhile, so nobody else has taken the mail."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Merchant
from tests.mails.mailbox import SLOW, mailbox
from tests.mails.mailing import ended, new_mail, new_payment, serving_mail


def test_whoever_is_killed_while_sending_leaves_it_to_others_who_say_so(
    database_url: str, merchant: Merchant, hurry: Callable[[str], None], tmp_path: Path
) -> None:
    with mailbox() as box:
        victim = serving_mail(database_url, box, tmp_path / "log")
        box.slow_seconds = 30.0
        with victim.running():
            anna = merchant.caller(base=victim.base)
            mail = new_mail(anna, payment=new_payment(anna)["id"], to=SLOW)
            deadline = time.monotonic() + 20
            while not box.of(mail):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            victim.kill()
            box.slow_seconds = 0.0
            victim.start()
            assert anna.get(f"/billing/mails/{mail['id']}").json()["state"] == "waiting"
            hurry(mail["id"])
            sent = ended(anna, mail)
    assert (sent["state"], sent.get("may_come_twice")) == ("sent", True), sent
    assert len(box.of(mail)) == 2
