"""Who closes days, and enters something of them afterwards."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from tests.resources.payments.paying import pay
from tests.running import Caller

WHY = "Dues_Closed_Period_Reason"


def today(caller: Caller) -> date:
    """By the test clock, in UTC."""
    return datetime.fromisoformat(caller.get("/billing/test_clock").json()["now"]).date()


def go_to(caller: Caller, day: date) -> None:
    """An hour after midnight."""
    then = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=1)
    answer = caller.post("/billing/test_clock/advance", {"to": then.isoformat()})
    assert answer.status_code == 200, answer.text


def close(caller: Caller, through: date | str, key: str | None = None) -> httpx.Response:
    """POST /billing/closings."""
    return caller.post("/billing/closings", {"through": str(through)}, key)


def closed(caller: Caller, through: date) -> dict[str, Any]:
    """The same, which is not refused."""
    answer = close(caller, through)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def reopen(caller: Caller, closing: str, reason: str = "The bank told of it late", **more: Any) -> httpx.Response:
    """POST /billing/closings/{closing}/reopen."""
    return caller.post(f"/billing/closings/{closing}/reopen", {"reason": reason}, **more)


def noon(day: date) -> str:
    """Of a day, in UTC."""
    return f"{day}T12:00:00Z"


def pay_on(caller: Caller, bill: dict[str, Any], day: date, **headers: str) -> httpx.Response:
    """A payment of a bill that was paid on a day."""
    body = {"external_reference": f"EFT-{datetime.now(UTC).timestamp()}", "amount": 10, "currency": "ZAR"}
    if not headers:
        return pay(caller, bill=bill["id"], amount=10, paid_at=noon(day))
    return caller.post("/billing/payments", body | {"bill": bill["id"], "paid_at": noon(day)}, **headers)
