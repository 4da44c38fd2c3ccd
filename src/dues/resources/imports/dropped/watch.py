"""Looks into the drop folder again and again: `DUES_DROP_FOLDER/<merchant>/<mode>/in`, where files are put.

Of several processes one looks after a tenant's folder at a time, under a lock. Files of a tenant go one after another:
what a later one says is not overtaken by an earlier one that is still carried out.
"""

import asyncio
import os
import time
import unicodedata
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.jobs.store import Lost
from dues.resources.imports.dropped.carry_in import CarryIn
from dues.resources.imports.dropped.dropping import Dropping
from dues.resources.imports.dropped.folder import PRIVATE, Folder, Stamp, open_folder
from dues.resources.imports.dropped.names import shown
from dues.tenants import store
from dues.tenants.keys import Mode
from dues.tenants.merchants import MODES

LOOK_SECONDS: Final = 1.0
"""How often it is looked: there is no telling on every file system that something has come."""

_log = structlog.get_logger()


class Place(NamedTuple):
    """A tenant's folder: the names of the two folders, whose it is, and how that is called."""

    merchant: str
    mode: str
    tenant: Tenant
    called: str


class DropFolder:
    """The drop folder, as one process looks after it. `tells`: whether it says in the log what it can do nothing with;
    one process of several is enough."""

    def __init__(self, database: Database, dropping: Dropping, *, tells: bool = True) -> None:
        self._database = database
        self._root, self._still_seconds, self._keep = dropping.root, dropping.still_seconds, dropping.keep
        self._tells = tells
        self._seen: dict[tuple[Place, str], tuple[Stamp, float]] = {}
        self._locks: dict[Place, int] = {}
        self._pauses: dict[tuple[Place, str], float] = {}
        self._said: set[tuple[object, ...]] = set()
        self.is_busy = False
        """Whether anything is in hand, or waits to be taken."""

    async def is_wanted(self) -> bool:
        """Whether there is something to do that nobody does. Nothing is taken."""
        for place in await self._places():
            # In a thread: a server's requests wait for no disk.
            if await asyncio.to_thread(self._is_anything_in, place):
                return True
        return False

    def _is_anything_in(self, place: Place) -> bool:
        with ExitStack() as stack:
            folder = self._open(place, stack)
            if folder is None or not (folder.waiting() or folder.taken()):
                return False
            if (lock := folder.lock()) is None:
                return False  # somebody looks after it
            os.close(lock)
            return True

    async def look(self) -> None:
        """Takes what may be taken, and goes on with what was."""
        busy, failed = False, None
        for place in await self._places():
            try:
                busy |= await self._look_into(place)
            except Exception as error:  # of one tenant: the others go on
                busy, failed = True, error
        self.is_busy = busy
        if failed:
            raise failed

    def close(self) -> None:
        """Lets others look after it."""
        for place in list(self._locks):
            self._let_go(place)

    async def _look_into(self, place: Place) -> bool:
        with ExitStack() as stack:
            folder = self._open(place, stack)
            if folder is None:
                return False
            waiting, taken = folder.waiting(), folder.taken()
            if not waiting and not taken:
                self._let_go(place)
                return False
            if place not in self._locks:
                lock = folder.lock()
                if lock is None:
                    return False
                self._locks[place] = lock
            carry_in = CarryIn(self._database, place.tenant, place.called, self._keep)
            for token in taken:
                if not await self._carry(carry_in, place, folder, token):
                    return True
            for name in self._still(place, waiting):
                token = uuid.uuid4().hex
                if self._take(place, folder, name, waiting[name], token) and not await self._carry(
                    carry_in, place, folder, token
                ):
                    break
        return True

    def _open(self, place: Place, stack: ExitStack) -> Folder | None:
        try:
            return stack.enter_context(open_folder(self._root, place.merchant, place.mode))
        except OSError as error:
            self._say_once("drop_folder_unusable", folder=place.called, reason=error.strerror)
            return None

    def _still(self, place: Place, waiting: dict[str, Stamp]) -> list[str]:
        """Those that have not changed for long enough, by name: files of one sender by day."""
        now, still = time.monotonic(), []
        for key in [key for key in self._seen if key[0] == place and key[1] not in waiting]:
            del self._seen[key]
        for name, stamp in waiting.items():
            before, since = self._seen.get((place, name), (None, now))
            if stamp != before:
                since = now
            self._seen[place, name] = stamp, since
            if now - since >= self._still_seconds:
                still.append(name)
        return still

    def _take(self, place: Place, folder: Folder, name: str, stamp: Stamp, token: str) -> bool:
        if self._is_paused(place, name):
            return False
        try:
            folder.take(name, stamp, token)
        except OSError as error:
            self._pause(place, name, name, error)
            return False
        self._pauses.pop((place, name), None)
        return True

    async def _carry(self, carry_in: CarryIn, place: Place, folder: Folder, token: str) -> bool:
        """Whether it is over."""
        if self._is_paused(place, token):
            return False
        try:
            over = await carry_in.carry(folder, token)
        except (OSError, Lost) as error:
            self._pause(place, token, folder.name_of(token) or token, error)
            return False
        self._pauses.pop((place, token), None)
        return over

    def _is_paused(self, place: Place, name: str) -> bool:
        return time.monotonic() < self._pauses.get((place, name), 0)

    def _pause(self, place: Place, key: str, name: str, error: Exception) -> None:
        """It is tried again, after a while: a full disk, or a right that is missing, is not soon another."""
        self._pauses[place, key] = time.monotonic() + self._still_seconds
        reason = getattr(error, "strerror", None) or str(error)
        if (place, key, reason) not in self._said:
            self._said.add((place, key, reason))
            _log.warning("drop_file_postponed", folder=place.called, file=shown(name), reason=reason)

    def _let_go(self, place: Place) -> None:
        if (lock := self._locks.pop(place, None)) is not None:
            os.close(lock)

    # Whose folders there are -------------------------------------------------------------------------------------

    async def _places(self) -> list[Place]:
        """The folders that are a merchant's, by id or by name; others are left alone."""
        try:
            merchants = await asyncio.to_thread(_folders, self._root)
        except OSError as error:
            self._say_once("drop_folder_unusable", folder=str(self._root), reason=error.strerror)
            return []
        found: list[Place] = []
        if not merchants:
            return found
        async with self._database.transaction() as tx:
            known = [dict(row) for row in await store.find_merchants(tx)]
        for name in merchants:
            merchant_id = _id_of(known, name)
            if merchant_id is None:
                self._say_once("drop_folder_unknown", folder=shown(name))
                continue
            tenants = await store.find_tenants(self._database, merchant_id)
            found += [Place(name, mode, tenants[mode][0], f"{merchant_id}/{mode}") for mode in merchants[name]]
        return found

    def _say_once(self, event: str, **what: object) -> None:
        said = (event, *what.values())
        if self._tells and said not in self._said:
            self._said.add(said)
            _log.warning(event, **what)


def _folders(root: Path) -> dict[str, list[Mode]]:
    """What may be merchants' folders, which is made if it is not there; and the modes that each has a folder of."""
    root.mkdir(PRIVATE, parents=True, exist_ok=True)
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return {
        name: [mode for mode in MODES if (root / name / mode).is_dir()]
        for name in sorted(names)
        if not name.startswith(".") and name != "lost+found"
    }


def _id_of(known: list[dict[str, Any]], name: str) -> str | None:
    """The merchant with this id; or with this name, where one alone has it."""
    called = [row["id"] for row in known if row["id"] == name] or [
        row["id"] for row in known if unicodedata.normalize("NFC", row["name"]) == unicodedata.normalize("NFC", name)
    ]
    return called[0] if len(called) == 1 else None
