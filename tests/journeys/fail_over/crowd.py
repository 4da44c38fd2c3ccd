"""Clients who do not give up: what was not granted is asked for again under its key; and one that follows the feed."""

import asyncio
import threading
import time
from collections.abc import Sequence
from itertools import pairwise

import asyncpg
import httpx

from tests.journeys.journal import Crowd, Door, Journal

AGAIN_SECONDS = 0.2


class Stubborn(Crowd):
    """Clients who repeat each wish until it is granted, and note when that was."""

    def __init__(self, base: str, journal: Journal, clients: int, pause_seconds: float) -> None:
        super().__init__(base, journal, clients, pause_seconds)
        self.granted_at: list[float] = []

    def _stay(self) -> None:
        door = Door(self._base, self._journal.secret)
        while not self._leave.wait(self._pause_seconds):
            wish = self._journal.new_wish()
            while not self._leave.is_set():
                answer = self._journal.send(door, wish)
                if answer and answer.status == wish.status:
                    self.granted_at.append(time.monotonic())
                    break
                self._leave.wait(AGAIN_SECONDS)
        door.close()

    def outage_seconds(self, since: float) -> float:
        """The longest time without one that was granted."""
        times = [since, *sorted(one for one in self.granted_at if one > since)]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    def first_after(self, moment: float) -> float | None:
        """When the first was granted after that."""
        return min((one for one in list(self.granted_at) if one > moment), default=None)


class Follower:
    """Follows the feed, page by page, from its beginning."""

    def __init__(self, base: str, secret: str) -> None:
        self._http = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {secret}"}, timeout=30)
        self._cursor: dict[str, str] = {}
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._stay)
        self.seen: list[str] = []

    def __enter__(self) -> "Follower":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()
        self._http.close()

    def _stay(self) -> None:
        while not self._leave.wait(0.05):
            self._read()

    def _read(self) -> int:
        try:
            page = self._http.get("/billing/events", params={"order": "oldest_first", "limit": "100", **self._cursor})
        except httpx.HTTPError:
            return -1
        if page.status_code != 200:
            assert page.status_code == 503, page.text
            return -1
        read = [event["id"] for event in page.json()["data"]]
        self.seen += read
        if page.json()["next_cursor"]:
            self._cursor = {"cursor": page.json()["next_cursor"]}
        return len(read)

    def catch_up(self, events: Sequence[str], seconds: float = 60) -> None:
        """It sees all of them, in their order, and none twice."""
        deadline = time.monotonic() + seconds
        while len(self.seen) < len(events) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert self.seen == list(events)


class Promotion:
    """Looks when a standby becomes the primary, as it says itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.at: float | None = None

    def __enter__(self) -> "Promotion":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()

    def _watch(self) -> None:
        asyncio.run(self._look())

    async def _look(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while not self._leave.is_set():
                if not await connection.fetchval("select pg_is_in_recovery()"):
                    self.at = time.monotonic()
                    return
                await asyncio.sleep(0.02)
        finally:
            await connection.close()
