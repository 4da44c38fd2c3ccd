"""The machine without its rules: how it sends to several servers, names things, and compares answers with the model."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis.stateful import RuleBasedStateMachine

from tests.conftest import Merchant
from tests.journeys.model.books import PREFIXES, Model, Refused, Thing
from tests.running import Caller, new_key


@dataclass(frozen=True)
class Sent:
    """A request whose answer is stored under its key."""

    method: str
    path: str
    body: Any
    key: str
    answer: httpx.Response


@dataclass(frozen=True)
class Wish:
    """A request, and what compares its answer with the model as it is then, and changes the model."""

    method: str
    path: str
    body: Any
    check: Callable[[httpx.Response], None]
    key: str | None
    if_match: str | None = None


Condition = tuple[str | None, Callable[[Thing], bool]]
"""An If-Match header, and whether it holds of something."""


class Machine(RuleBasedStateMachine):
    """Sends, and compares every answer with the model's."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.sent: list[Sent] = []
        self.seen: dict[str, list[tuple[dict[str, Any], str]]] = {}
        self.callers: list[Caller] = []
        self.turn = 0

    def new_merchant(self) -> Merchant:
        """A merchant that nobody else uses."""
        raise NotImplementedError

    def bases(self) -> Sequence[str]:
        """Where the servers answer, all of which have one database."""
        raise NotImplementedError

    @property
    def caller(self) -> Caller:
        """The client whose turn it is: everyone in turn, so one request after another goes to another server."""
        self.turn += 1
        return self.callers[self.turn % len(self.callers)]

    # Sending ----------------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        body: Any,
        key: str | None,
        if_match: str | None = None,
        caller: Caller | None = None,
    ) -> httpx.Response:
        """Sends; remembers what must be answered the same again."""
        headers = {"Idempotency-Key": key} if key else {}
        if if_match:
            headers["If-Match"] = if_match
        answer = (caller or self.caller).http.request(method, path, json=body, headers=headers)
        assert "idempotent-replayed" not in answer.headers
        if key and (answer.status_code < 300 or answer.status_code in (404, 409, 422)):
            self.sent.append(Sent(method, path, body, key, answer))
        return answer

    def fulfil(self, wish: Wish, caller: Caller | None = None) -> httpx.Response:
        """Sends a wish; it is not checked yet."""
        return self.send(wish.method, wish.path, wish.body, wish.key, wish.if_match, caller)

    def do(self, wish: Wish) -> None:
        """Sends a wish, and checks its answer."""
        wish.check(self.fulfil(wish))

    def change(
        self,
        how: Callable[[Model, Thing, dict[str, Any]], Refused | None],
        method: str,
        kind: str,
        below: str,
        body: dict[str, Any],
        number: int,
        condition: str | None,
        done: Callable[[httpx.Response, Thing], None] | None = None,
    ) -> Wish:
        """To change something, which is answered with what it is then, or as `done` says."""
        name = self.name(kind, number)
        found = self.model.find(kind, name)
        if_match, holds = self.condition(found, condition, number) if found else (None, lambda _: True)

        def check(answer: httpx.Response) -> None:
            one = self.model.find(kind, name)
            if not one:
                self.refused(answer, (404, f"{kind[:-1]}_not_found", None))
            elif not holds(one):
                self.refused(answer, (412, "etag_mismatch", None))
            elif refused := how(self.model, one, body):
                self.refused(answer, refused)
            else:
                (done or self.agrees)(answer, one)

        key = new_key() if method == "POST" or number % 3 else None
        return Wish(method, f"/billing/{kind}/{quote(name, safe='')}{below}", body, check, key, if_match)

    def condition(self, one: Thing, condition: str | None, number: int) -> Condition:
        """An If-Match header, and whether it holds when the time comes."""
        if condition in (None, "*"):
            return condition, lambda _: True
        if condition == "now":
            self.agrees(self.caller.get(f"/billing/{one.kind}/{one.id}"), one)
            shown, tag = self.seen[one.id][-1]
        else:
            known = self.seen.get(one.id) or [({}, '"never"')]
            shown, tag = known[number % len(known)]
        return tag, lambda then: shown == then.shown()

    # Comparing --------------------------------------------------------------------------------------------------

    def agrees(self, answer: httpx.Response, one: Thing) -> None:
        """It was answered with this object as it is now, and with the tag that this always has."""
        assert answer.status_code in (200, 201), answer.text
        assert answer.json() == one.shown()
        known = self.seen.setdefault(one.id, [])
        assert {tag for shown, tag in known if shown == one.shown()} <= {answer.headers["etag"]}
        known.append((one.shown(), answer.headers["etag"]))

    def refused(self, answer: httpx.Response, refused: Refused) -> None:
        """It was refused for this reason."""
        problem = answer.json()
        assert (answer.status_code, problem.get("code"), problem.get("pointer")) == refused

    def made(self, answer: httpx.Response, kind: str) -> None:
        """Something new was made."""
        assert answer.status_code == 201, answer.text
        assert re.fullmatch(PREFIXES[kind] + "[0-9A-Za-z]{21,}", answer.json()["id"])

    # Naming -----------------------------------------------------------------------------------------------------

    def name(self, kind: str, number: int) -> str:
        """A name for what exists, by id or reference, or now and then for nothing."""
        known = list(self.model.things[kind].values())
        if not known or number >= 95:
            return [f"{PREFIXES[kind]}{'0' * 21}", "nothing", "é/?"][number % 3]
        return self.one_name(known[number % len(known)], number)

    def one_name(self, one: Thing, number: int) -> str:
        """Its id or its reference."""
        return str(one.fields[("id", "external_reference")[number // 7 % 2]])

    def newest_first(self, kind: str) -> Sequence[Thing]:
        """Everything of a kind, in the order of a list."""
        return sorted(self.model.things[kind].values(), key=lambda one: one.id, reverse=True)
