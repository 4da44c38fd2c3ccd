"""Tills: clients of two server processes who take payments, and all of them in the same instant."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.journeys.burst import Answer, Shot, send_at_once
from tests.running import Caller, new_key, new_reference


@dataclass(frozen=True)
class Wish:
    """A request, whichever server it goes to."""

    path: str
    body: Any
    method: str = "POST"
    key: str | None = None
    if_match: str | None = None


def pay(amount: int, *, key: str | None = None, if_match: str | None = None, **members: Any) -> Wish:
    """POST /billing/payments of so many cents, with a new reference."""
    body = {"external_reference": new_reference("EFT"), "amount": amount, "currency": "ZAR"} | members
    return Wish("/billing/payments", body, key=key, if_match=if_match)


def reverse(name: str, reason: str = "bounced", key: str | None = None) -> Wish:
    """POST /billing/payments/{payment}/reverse."""
    return Wish(f"/billing/payments/{quote(name, safe='')}/reverse", {"reason": reason}, key=key)


def patch(path: str, if_match: str | None = None, **changes: Any) -> Wish:
    """PATCH `path`."""
    return Wish(path, changes, "PATCH", if_match=if_match)


def void(bill: str) -> Wish:
    """POST /billing/bills/{bill}/void."""
    return Wish(f"/billing/bills/{bill}/void", b"")


@dataclass(frozen=True)
class Tills:
    """Every other request goes to the other server process; both have one database."""

    bases: Sequence[str]
    secret: str

    def at_once(self, *wishes: Wish) -> list[Answer]:
        """What each is answered, all sent in the same instant."""
        return send_at_once(
            [
                Shot(
                    self.bases[number % len(self.bases)],
                    self.secret,
                    wish.body,
                    wish.key or new_key(),
                    wish.path,
                    wish.method,
                    wish.if_match,
                )
                for number, wish in enumerate(wishes)
            ]
        )

    def caller(self, number: int = 0) -> Caller:
        """Somebody at one of the servers."""
        return Caller(self.bases[number % len(self.bases)], self.secret)


def outcomes(answers: Sequence[Answer]) -> Counter[tuple[int, str | None]]:
    """How often which status and code was answered."""
    return Counter((answer.status, answer.code) for answer in answers)
