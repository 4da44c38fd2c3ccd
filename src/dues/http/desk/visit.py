"""Somebody at the desk who asks for a page, and what they may."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from dues.domain.people import least_role
from dues.http.desk.calls import Answer, Calls
from dues.http.desk.doors import html
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.pages.desk import Seat, Thing
from dues.pages.desk.overview import forbidden_page, nothing_page
from dues.tenants.people.sessions.store import Session


class Visit:
    """Somebody who is there, and the page that they ask for."""

    def __init__(self, exchange: Exchange, session: Session, seat: Seat, calls: Calls) -> None:
        self.exchange, self.session, self.seat, self.calls = exchange, session, seat, calls

    @property
    def query(self) -> dict[str, str]:
        """What the address asks for."""
        asked = parse_qs(self.exchange.query_string[:2_000].decode("latin-1"))
        return {name: values[0] for name, values in asked.items()}

    def name(self, parameter: str) -> str:
        """What the path names."""
        return self.exchange.path_parameter(parameter) or ""

    def may(self, scope: str) -> bool:
        """Whether their role may what has this scope."""
        only = self.calls.caller.restrictions
        return only is None or only.allow(scope)

    def refused(self, answer: Answer, scope: str) -> Reply | None:
        """What is shown instead, where the API gives nothing."""
        if answer.code is None:
            return None
        if answer.code == "key_not_allowed":
            return html(forbidden_page(self.seat, least_role(scope)), 403)
        if answer.code.endswith("_not_found"):
            return html(nothing_page(self.seat), 404)
        raise ProblemError(answer.code, answer.detail)


Page = Callable[[Visit], Awaitable[Reply]]


async def names_of(visit: Visit, things: list[Thing]) -> dict[str, str]:
    """What customers, accounts and bills that are named by their ids are called."""
    nouns = ("customer", "account", "bill")
    ids = dict.fromkeys((noun, str(one[f"{noun}_id"])) for one in things for noun in nouns if f"{noun}_id" in one)
    answers = await asyncio.gather(*(visit.calls.get(f"/billing/{noun}s/{name}") for noun, name in list(ids)[:40]))
    return {
        name: answer.of.get("name") or answer.of["external_reference"]
        for (_, name), answer in zip(ids, answers, strict=False)
        if answer.code is None
    }
