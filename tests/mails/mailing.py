"""A server that sends mail, what is sent by it, and what became of that."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.mails.mailbox import Mailbox
from tests.resources.payments.paying import new_bill, pay
from tests.running import Caller, RunningServer, new_reference

Thing = dict[str, Any]


def serving_mail(database_url: str, box: Mailbox, log: Path) -> RunningServer:
    """A server that sends by it."""
    url = f"smtp://127.0.0.1:{box.port}"
    sender = "billing@utility.example"
    return RunningServer(database_url=database_url, log=log, webhooks="false", mail_url=url, mail_from=sender)


def new_payment(anna: Caller, **customer: Any) -> Thing:
    """A payment of a customer who is called so."""
    bill = new_bill(anna, customer={"external_reference": new_reference("CUST"), **customer}, amount_due=150_000)
    paid: Thing = pay(anna, bill=bill["id"], amount=40_000).json()
    return paid


def new_mail(anna: Caller, **of: Any) -> Thing:
    """A mail that was asked for."""
    answer = anna.post("/billing/mails", of)
    assert answer.status_code == 201, answer.text
    mail: Thing = answer.json()
    return mail


def wait_for(anna: Caller, mail: Thing, is_there: Callable[[Thing], bool]) -> Thing:
    """The mail, once it is as wanted."""
    deadline = time.monotonic() + 20
    while not is_there(found := anna.get(f"/billing/mails/{mail['id']}").json()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    seen: Thing = found
    return seen


def ended(anna: Caller, mail: Thing) -> Thing:
    """The mail, once it is over."""
    return wait_for(anna, mail, lambda found: found["state"] != "waiting")
