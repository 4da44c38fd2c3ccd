"""What every PostgreSQL has to bear, by whatever way: money, races, lists, events, and books that are right."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.journeys.burst import Shot, send_at_once
from tests.journeys.home import dues
from tests.journeys.journal import keys_in
from tests.journeys.receiver import Receiver
from tests.running import Caller, RunningServer, new_key, new_reference

AT_ONCE = 16


class Journey:
    """A server of two processes, on a database that `settings` name, and what is asked of it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.settings = settings | {"webhook_allow_private": "true"}
        self.server = RunningServer(data=folder / "data", log=folder / "log", workers="2", **self.settings)
        self._secret = ""

    def start(self) -> Caller:
        """Starts the server on an empty database; somebody with a key."""
        self._secret = keys_in(self.server.start())["test", "secret"]
        return Caller(self.server.base, self._secret)

    def run(self, caller: Caller, receiver: Receiver) -> None:
        """All of it, while the server runs."""
        receiver.register(caller, "/hook")
        self._is_carried_out_once(caller)
        self._moves_money(caller)
        self._adds_up_at_once(caller)
        events = caller.everything("/billing/events")
        assert len(events) > AT_ONCE
        receiver.wait_for("/hook", len([one for one in events if one["type"] != "webhook_endpoint.created"]), 30)
        self.is_right()

    def is_right(self) -> None:
        """`dues verify` says so, and no server came upon a defect."""
        done = dues("verify", "--json", **self.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["entries"] > 0
        log = self.server.log.read_text()
        for defect in ("internal_error", "job_failed", "worker_died", "Traceback"):
            assert defect not in log, log[-3000:]

    def _is_carried_out_once(self, caller: Caller) -> None:
        """A repeated key, many repeats at once, and many who want the same reference."""
        key, reference, customer = new_key(), new_reference("UAR"), {"external_reference": new_reference("CUST")}
        first, again = (caller.open_account(key, external_reference=reference, customer=customer) for _ in range(2))
        assert (first.status_code, again.content) == (201, first.content), first.text
        assert again.headers["Idempotent-Replayed"] == "true"
        key, reference = new_key(), new_reference("INV")
        answers = send_at_once([self._shot(reference, key) for _ in range(AT_ONCE)])
        repeats = {answer.body for answer in answers if answer.status == 201}
        assert len(repeats) == 1, [answer.body for answer in answers]
        assert {answer.status for answer in answers} <= {201, 409}
        reference = new_reference("INV")
        answers = send_at_once([self._shot(reference) for _ in range(AT_ONCE)])
        assert sorted(answer.status for answer in answers) == [201] + [409] * (AT_ONCE - 1)

    def _shot(self, reference: str, key: str | None = None) -> Shot:
        body: dict[str, Any] = {"external_reference": reference, "currency": "ZAR", "amount_due": 500}
        body["customer"] = {"external_reference": f"of {reference}"}
        return Shot(self.server.base, self._secret, body, key or new_key(), path="/billing/bills")

    def _moves_money(self, caller: Caller) -> None:
        """Bills, pays, holds, reverses, looks, lists."""
        bill = caller.make_bill(amount_due=1000).json()
        assert caller.get(f"/billing/bills/{bill['id']}/payable").json()["outstanding"] == 1000
        paid = _pay(caller, bill, 1000)
        assert caller.get(f"/billing/bills/{bill['id']}").json()["status"] == "paid"
        reversed_ = caller.post(f"/billing/payments/{paid['id']}/reverse", {"reason": "bounced"})
        assert reversed_.status_code == 200, reversed_.text
        assert caller.get(f"/billing/bills/{bill['id']}").json()["status"] == "unpaid"
        for noun in ("customers", "accounts", "bills", "payments"):
            assert caller.everything(f"/billing/{noun}", limit=2), noun
        advanced = caller.post("/billing/test_clock/advance", {"seconds": 60})
        assert advanced.status_code == 200, advanced.text

    def _adds_up_at_once(self, caller: Caller) -> None:
        """Many change one balance in the same moment: each waits for its turn, and none is lost."""
        account: dict[str, Any] = caller.open_account(currency="ZAR", balance=0).json()

        def adjust(_: int) -> int:
            path = f"/billing/accounts/{account['id']}/adjustments"
            return Caller(self.server.base, self._secret).post(path, {"amount": 7, "reason": "at once"}).status_code

        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert set(threads.map(adjust, range(2 * AT_ONCE))) == {201}
        assert caller.get(f"/billing/accounts/{account['id']}").json()["balance"] == 14 * AT_ONCE


def _pay(caller: Caller, bill: dict[str, Any], amount: int) -> Any:
    body = {"external_reference": new_reference("PAY"), "amount": amount, "currency": "ZAR", "bill": bill["id"]}
    answer = caller.post("/billing/payments", body)
    assert answer.status_code == 201, answer.text
    return answer.json()
