"""Clients that ask for one thing after another, and a journal of what they asked for and were told: new accounts."""

import json
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dues.ledger.store import FIND_UNPROVEN_BALANCES
from dues.tenants.keys import fingerprint
from tests.journeys.burst import Answer
from tests.journeys.own_database import rows_of
from tests.running import new_key, new_reference

SOAK = bool(os.environ.get("DUES_TEST_SOAK"))
"""Whether there is time for large numbers."""


def keys_in(printed: str) -> dict[tuple[str, str], str]:
    """(mode, kind) to key, from what a server prints at its first start, or has put into the file that it names."""
    if kept := re.search(r"(?m)^  (/.*/keys-of-mer_\w+)$", printed):
        printed = Path(kept[1]).read_text()
    found = re.findall(r"(?m)^\s*(test|live) (secret|public)\s+(\S+)$", printed)
    return {(mode, kind): key for mode, kind, key in found}


def hold_to_json(log: Path) -> None:
    """Every line of a server's log is an object with an event, whoever wrote it."""
    for line in log.read_text().splitlines():
        try:
            assert json.loads(line)["event"]
        except (ValueError, KeyError):
            raise AssertionError(f"not a line of JSON: {line[:300]}") from None


class Door:
    """One client's connection to a server, opened again whenever it breaks."""

    def __init__(self, base: str, secret: str) -> None:
        self._connection = HTTPConnection(urlsplit(base).netloc, timeout=40)
        self._headers = {"Authorization": f"Bearer {secret}"}

    def post(self, body: bytes, key: str, path: str = "/billing/accounts") -> Answer:
        """POST `path`. Raises OSError or HTTPException where there is no answer."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._exchange("POST", path, body, headers)

    def get(self, path: str) -> Answer:
        """GET `path`."""
        return self._exchange("GET", path, None, {})

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        try:
            self._connection.request(method, path, body, self._headers | headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, HTTPException):
            self._connection.close()
            raise
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)


@dataclass(eq=False)
class Wish:
    """What somebody wants: under which key, and what the server acknowledged, if it did."""

    key: str
    reference: str
    body: bytes
    has_balance: bool = False
    path: str = "/billing/accounts"
    status: int = 201
    """Of the answer that grants it."""
    acknowledged: bytes | None = None

    @property
    def id(self) -> str:
        """The id of what was granted."""
        assert self.acknowledged
        found: str = json.loads(self.acknowledged)["id"]
        return found


@dataclass(eq=False)
class Journal:
    """Every wish, and every answer but 201."""

    secret: str
    customer: str = field(default_factory=lambda: new_reference("CUST"))
    wishes: list[Wish] = field(default_factory=list)
    refusals: list[Answer] = field(default_factory=list)
    broken: int = 0
    slowest_seconds: float = 0.0

    def register_customer(self, base: str) -> None:
        """Makes the customer for whom half of all accounts are wanted."""
        body = {"external_reference": f"FIRST-{self.customer}", "customer": {"external_reference": self.customer}}
        door = Door(base, self.secret)
        assert door.post(json.dumps(body).encode(), new_key()).status == 201
        door.close()

    def new_wish(self) -> Wish:
        """One more: with a balance or without, for a new customer or one who exists."""
        has_balance = random.random() < 0.7
        reference = new_reference("UAR")
        body: dict[str, Any] = {"external_reference": reference, "customer": self.customer}
        if random.random() < 0.5:
            body["customer"] = {"external_reference": new_reference("CUST"), "name": "Jane Doe"}
        if has_balance:
            body |= {"currency": "ZAR", "balance": random.randrange(-5000, 5000)}
        wish = Wish(new_key(), reference, json.dumps(body).encode(), has_balance)
        self.wishes.append(wish)
        return wish

    def send(self, door: Door, wish: Wish) -> Answer | None:
        """Sends a wish, for the first time or again, and notes what comes back; None: the connection broke."""
        started = time.monotonic()
        try:
            answer = door.post(wish.body, wish.key, wish.path)
        except (OSError, HTTPException):
            self.broken += 1
            return None
        finally:
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)
        if answer.status == wish.status:
            assert wish.acknowledged in (None, answer.body)
            wish.acknowledged = answer.body
        else:
            self.refusals.append(answer)
        return answer

    @property
    def acknowledged(self) -> list[Wish]:
        """The wishes that were granted."""
        return [wish for wish in self.wishes if wish.acknowledged]

    # Holding the server to it ---------------------------------------------------------------------------------

    def hold_to(self, base: str, url: str, since: int = 0) -> None:
        """All that was acknowledged from wish number `since` on is there; the rest can still be had; nothing is there
        twice."""
        wishes = self.wishes[since:]
        self._each(base, [wish for wish in wishes if wish.acknowledged], self._is_there)
        self._each(base, [wish for wish in wishes if not wish.acknowledged], self._can_be_had)
        self._is_there_once(url)

    def _each(self, base: str, wishes: Sequence[Wish], look: Callable[[Door, Wish], None]) -> None:
        def some(part: Sequence[Wish]) -> None:
            door = Door(base, self.secret)
            for wish in part:
                look(door, wish)
            door.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(some, [wishes[start::4] for start in range(4)]))

    def _is_there(self, door: Door, wish: Wish) -> None:
        assert wish.acknowledged
        for name in (wish.id, wish.reference):
            shown = door.get(f"/billing/accounts/{name}")
            assert shown.status == 200, f"what was acknowledged is gone: {shown}"
            assert shown.json == json.loads(wish.acknowledged)
        self._is_replayed(door, wish)

    def _is_replayed(self, door: Door, wish: Wish) -> None:
        again = door.post(wish.body, wish.key, wish.path)
        assert (again.status, again.replayed, again.body) == (wish.status, True, wish.acknowledged)

    def _can_be_had(self, door: Door, wish: Wish) -> None:
        answer = self.send(door, wish)
        assert answer
        assert answer.status == wish.status, answer
        self._is_there(door, wish)

    def _is_there_once(self, url: str) -> None:
        found = self._rows(
            url,
            "select a.external_reference, count(*) as accounts,"
            "       sum((select count(*) from entries e"
            "             where (e.cell, e.tenant_id, e.owner_id) = (a.cell, a.tenant_id, a.id)"
            "             and e.kind = 'opening' and e.amount = a.balance)) as openings,"
            "       sum((select count(*) from entries e"
            "             where (e.cell, e.tenant_id, e.owner_id) = (a.cell, a.tenant_id, a.id))) as entries,"
            "       sum((select count(*) from events v"
            "             where (v.cell, v.tenant_id, v.object_id) = (a.cell, a.tenant_id, a.id)"
            "             and v.type = 'account.created')) as events"
            "  from accounts a where a.tenant_id = $1 and a.external_reference like 'UAR-%' group by 1",
        )
        assert {row["external_reference"] for row in found} == {wish.reference for wish in self.wishes}
        with_balance = {wish.reference for wish in self.wishes if wish.has_balance}
        for row in found:
            entries = 1 if row["external_reference"] in with_balance else 0
            assert (row["accounts"], row["openings"], row["entries"], row["events"]) == (1, entries, entries, 1)
        [cell] = self._rows(url, "select cell from tenants where id = $1")
        assert rows_of(url, FIND_UNPROVEN_BALANCES, cell["cell"]) == []
        self._is_answered_once(url)

    def _is_answered_once(self, url: str) -> None:
        query = "select key, status, count(*) as n from idempotency_keys where tenant_id = $1 group by 1, 2"
        keys = self._rows(url, query)
        mine = {row["key"]: (row["status"], row["n"]) for row in keys}
        assert all(mine[wish.key] == (wish.status, 1) for wish in self.wishes)

    def _rows(self, url: str, query: str, *arguments: object) -> list[dict[str, Any]]:
        """Rows of a query; $1 is the tenant whose key it is."""
        [key] = rows_of(url, "select tenant_id from api_keys where sha256 = $1", fingerprint(self.secret))
        return rows_of(url, query, key["tenant_id"], *arguments)

    def refused_as(self) -> Counter[tuple[int, str | None]]:
        """How often which refusal was given."""
        return Counter((answer.status, answer.code) for answer in self.refusals)


class Crowd:
    """Clients who wish for one thing after another, until told to leave. The pause between two keeps the number of
    wishes, each of which is looked at afterwards, within what a test has time for."""

    def __init__(self, base: str, journal: Journal, clients: int = 8, pause_seconds: float = 0.04) -> None:
        self._base = base
        self._journal = journal
        self._pause_seconds = pause_seconds
        self._leave = threading.Event()
        self._threads = [threading.Thread(target=self._stay) for _ in range(clients)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def _stay(self) -> None:
        door = Door(self._base, self._journal.secret)
        while not self._leave.wait(self._pause_seconds):
            answer = self._journal.send(door, self._journal.new_wish())
            if not answer or answer.status >= 300:
                self._leave.wait(0.05)
        door.close()
