"""What pages of the desk ask of the API, in this process: as the person who is there, who may what their role may.

A page is a client like others. So it is carried out by the same commands, refused by the same rules and once for each
key; what it is refused for is a problem, with pointers to what was typed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from dues.domain.ids import new_id
from dues.domain.people import scopes_of
from dues.http.context import Endpoint
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.http.route_table import RouteTable
from dues.tenants.keys import ApiKey, Restrictions
from dues.tenants.people.sessions.store import Session


class Answer(Struct, frozen=True):
    """What the API answers. `code` is that of a problem, None where all is well; `faults` are what is wrong with what
    was sent, by JSON Pointer."""

    status: int
    of: Any
    tag: str | None = None
    code: str | None = None
    detail: str = ""
    faults: Mapping[str, str] = {}


def caller_of_session(session: Session) -> ApiKey:
    """What stands for a key where a person asks. An admin may all."""
    may = None if session.person.role == "admin" else Restrictions(allowed=scopes_of(session.person.role))
    return ApiKey(
        id=session.person.id,
        tenant=session.tenant,
        merchant_id=session.person.merchant_id,
        mode=session.mode,
        kind="secret",
        last_four="",
        created_at=session.created_at,
        expires_at=None,
        revoked_at=None,
        last_used_at=None,
        clock_offset_seconds=session.clock_offset_seconds,
        time_zone=session.time_zone,
        rate_limit=None,
        restrictions=may,
    )


class Calls:
    """The API, for one person, within one exchange of theirs."""

    def __init__(self, table: RouteTable[Endpoint], session: Session, exchange: Exchange) -> None:
        self._table, self.caller, self._exchange = table, caller_of_session(session), exchange

    async def get(self, path: str, **query: str | int | None) -> Answer:
        """Asks for something."""
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return await self._call("GET", f"{path}?{asked}" if asked else path, {})

    async def write(
        self, path: str, body: Any, key: str, if_match: str | None = None, query: str = "", method: str = "POST"
    ) -> Answer:
        """Has something done, once for each key."""
        headers = {b"idempotency-key": key.encode()}
        if if_match:
            headers[b"if-match"] = if_match.encode()
        return await self._call(method, path + query, headers, body)

    async def document(self, path: str) -> Reply:
        """A whole document, as it is. Raises ProblemError."""
        inner = self._inner("GET", path, {})
        return await self._table.find(inner)(inner)

    async def _call(self, method: str, target: str, headers: dict[bytes, bytes], body: Any = None) -> Answer:
        inner = self._inner(method, target, headers)
        if body is not None:
            headers[b"content-type"] = b"application/json"
            inner.body = msgspec.json.encode(body)
        try:
            reply = await self._table.find(inner)(inner)
        except ProblemError as error:
            faults = {one.pointer: one.detail for one in error.errors}
            return Answer(400, None, code=error.code, detail=error.detail, faults=faults)
        self._exchange.group_size = max(self._exchange.group_size, inner.group_size)
        said: Any = msgspec.json.decode(reply.body) if reply.body else None
        if reply.status >= 300:
            faults = {one["pointer"]: one["detail"] for one in said.get("errors", ())}
            return Answer(reply.status, said, code=said["code"], detail=said["detail"], faults=faults)
        tags = [value.decode() for name, value in reply.headers if name == b"etag"]
        return Answer(reply.status, said, tags[0] if tags else None)

    def _inner(self, method: str, target: str, headers: dict[bytes, bytes]) -> Exchange:
        inner = Exchange(method, target.encode(), headers)
        inner.request_id = new_id("req_", datetime.now(UTC))
        inner.peer, inner.client = self._exchange.peer, self._exchange.client
        inner.caller = self.caller
        return inner


def segment(name: str) -> str:
    """An id or a reference as a part of a path."""
    return quote(name, safe="")
