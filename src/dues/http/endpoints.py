"""The way of a request: authenticate → validate → claim → group → answer. Written once, around all commands."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from dues.commands.command import Command, Conditional, Look, Modify, Procedure
from dues.commands.job import Job
from dues.db.database import Database
from dues.domain.etags import etag, names
from dues.domain.new_payments import NewPayment
from dues.domain.refusals import Refusal
from dues.http.access import authenticate
from dues.http.exchange import Exchange
from dues.http.problems import PROBLEM_CONTENT_TYPE, PROBLEM_TYPES, ProblemError, Reply, problem_json
from dues.http.queries import as_of, flag, nothing
from dues.http.validation import decode
from dues.idempotency.answers import Answer
from dues.resources.events.feed import Feed
from dues.tenants.authenticate import KeyRing
from dues.tenants.keys import ApiKey
from dues.work.group_commit import GroupCommit
from dues.work.work import Request

Endpoint = Callable[[Exchange], Awaitable[Reply]]

AnyCommand = Command | Procedure

_KEY_SHAPE: Final = re.compile(rb"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Floor:
    """What endpoints stand on."""

    database: Database
    """For lists, reports and feeds: what commits need is not theirs."""
    keys: KeyRing
    writes: GroupCommit
    reads: GroupCommit
    docs_base: str
    feed: Feed
    webhook_allow_private: bool


def create(floor: Floor, command: AnyCommand, shape: type[Any]) -> Endpoint:
    """An endpoint that makes something new of a body, once per Idempotency-Key, and answers 201."""

    async def body(exchange: Exchange, _key: ApiKey) -> tuple[Any, bytes]:
        return decode(await exchange.json_body(), shape)

    return write(floor, command, body, 201, tagged=True)


def change(
    floor: Floor,
    command: AnyCommand,
    parameter: str,
    shape: type[Any] | None,
    status: int,
    *,
    collectors: bool = False,
) -> Endpoint:
    """An endpoint that changes the object which the path's `parameter` names, and answers `status`.

    `shape` None: it takes no body. `collectors`: it is open to their keys too.
    """

    async def body(exchange: Exchange, _key: ApiKey) -> tuple[Any, bytes]:
        changes, canonical = decode(await exchange.json_body(), shape) if shape else await exchange.no_body()
        return Modify(named(exchange, parameter), changes, if_match(exchange)), canonical

    # What a change answers with 201 or 202 is something else than the object that it changed.
    return write(floor, command, body, status, tagged=status == 200, collectors=collectors)


def pay(floor: Floor, command: AnyCommand, preview: AnyCommand) -> Endpoint:
    """An endpoint that takes a payment; with `?preview=true` it answers 200 with what the payment would do."""

    async def body(exchange: Exchange, key: ApiKey) -> tuple[Any, bytes]:
        new, canonical = decode(await exchange.json_body(), NewPayment)
        if new.allocation is not None and key.kind == "collector":
            # Its answer would tell a collector of bills that nobody named.
            raise ProblemError("secret_key_required", "A collector names the bills that it takes money for: use parts.")
        return Conditional(new, if_match(exchange)), canonical

    take = write(floor, command, body, 201, tagged=True, collectors=True, previews=True)

    async def endpoint(exchange: Exchange) -> Reply:
        # Before anything else: who misspells `preview` must not find that the payment was taken.
        if not flag(exchange.query_string, "preview"):
            return await take(exchange)
        key = await authenticate(exchange, floor.keys)
        idempotency_key(exchange)
        wanted, _ = await body(exchange, key)
        request = request_of(exchange, key, wanted)
        outcome, exchange.group_size = await floor.reads.submit(Job(preview, request))
        if isinstance(outcome, Refusal):
            return _problem(floor, exchange, outcome)
        return Reply(200, outcome.json)

    return endpoint


def if_match(exchange: Exchange) -> str | None:
    """The If-Match header, if there is one."""
    condition = exchange.header(b"if-match")
    return None if condition is None else condition.decode("latin-1")


def read(
    floor: Floor, command: AnyCommand, parameter: str, *, timed: bool = False, collectors: bool = False
) -> Endpoint:
    """An endpoint that answers with the object that the path's `parameter` names; where `timed`, also as of a time."""

    async def endpoint(exchange: Exchange) -> Reply:
        key = await authenticate(exchange, floor.keys, collectors=collectors)
        if not timed:
            nothing(exchange.query_string)
        look = Look(named(exchange, parameter), as_of(exchange.query_string) if timed else None)
        outcome, exchange.group_size = await floor.reads.submit(Job(command, request_of(exchange, key, look)))
        if isinstance(outcome, Refusal):
            raise ProblemError(outcome.code, outcome.detail)
        tag = etag(outcome.tagged or outcome.json)
        if (condition := exchange.header(b"if-none-match")) and names(condition.decode("latin-1"), tag):
            return Reply(304, b"", headers=[(b"etag", tag.encode())])
        return Reply(200, outcome.json, headers=[(b"etag", tag.encode())])

    return endpoint


def fixed(body: bytes, content_type: bytes) -> Endpoint:
    """An endpoint that always answers the same, to anyone."""

    async def endpoint(_exchange: Exchange) -> Reply:
        return Reply(200, body, content_type)

    return endpoint


HTML: Final = b"text/html; charset=utf-8"


def write(
    floor: Floor,
    command: AnyCommand,
    body: Callable[[Exchange, ApiKey], Awaitable[tuple[Any, bytes]]],
    status: int,
    *,
    tagged: bool,
    collectors: bool = False,
    previews: bool = False,
) -> Endpoint:
    """An endpoint that has a command do, once per Idempotency-Key, what `body` makes of an exchange: that, and the
    canonical form of what was sent."""

    def render(request: Request[Any], outcome: Any) -> Answer:
        if isinstance(outcome, Refusal):
            problem = problem_json(floor.docs_base, request.path, request.request_id, outcome)
            return Answer(PROBLEM_TYPES[outcome.code].status, problem)
        return Answer(status, outcome.json, outcome.id)

    async def endpoint(exchange: Exchange) -> Reply:
        key = await authenticate(exchange, floor.keys, collectors=collectors)
        name = idempotency_key(exchange)
        if not previews:
            nothing(exchange.query_string)
        wanted, canonical = await body(exchange, key)

        told = b"%b %b\n%b" % (exchange.method.encode(), exchange.path.encode(), canonical)
        if key.kind == "collector":
            # One collector's stored answers are none of another's business, whatever key it thinks of.
            told += b"\n" + key.id.encode()
        request = request_of(exchange, key, wanted, name, sha256(told).digest())
        answer, exchange.group_size = await floor.writes.submit(Job(command, request, render))
        return _reply(answer, tagged)

    return endpoint


def request_of(
    exchange: Exchange, key: ApiKey, body: Any, idempotency_key: str | None = None, fingerprint: bytes = b""
) -> Request[Any]:
    """What a command is told of an exchange: who asks, by which clock, and for what."""
    return Request(
        tenant=key.tenant,
        request_id=exchange.request_id,
        body=body,
        collector_id=key.id if key.kind == "collector" else None,
        clock_offset_seconds=key.clock_offset_seconds,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        method=exchange.method,
        path=exchange.path,
    )


def _problem(floor: Floor, exchange: Exchange, refusal: Refusal) -> Reply:
    """A refusal that is not stored."""
    body = problem_json(floor.docs_base, exchange.path, exchange.request_id, refusal)
    return Reply(PROBLEM_TYPES[refusal.code].status, body, PROBLEM_CONTENT_TYPE)


def _reply(answer: Answer, tagged: bool) -> Reply:
    headers = [(b"idempotent-replayed", b"true")] if answer.replayed else []
    if answer.status >= 300:
        return Reply(answer.status, answer.body, PROBLEM_CONTENT_TYPE, headers)
    if tagged:
        headers.append((b"etag", etag(answer.body).encode()))
    return Reply(answer.status, answer.body, headers=headers)


def named(exchange: Exchange, parameter: str) -> str:
    """The id or reference that the path's `parameter` is. Refuses what can name nothing as not found."""
    name = exchange.path_parameter(parameter)
    if name is None:
        raise ProblemError(f"{parameter}_not_found", "The path does not name anything that can exist.")
    return name


def idempotency_key(exchange: Exchange) -> str | None:
    """The key; None for a PATCH without one."""
    key = exchange.header(b"idempotency-key")
    if key is None and exchange.method == "PATCH":
        return None
    if not key:
        raise ProblemError(
            "idempotency_key_missing", "Send an Idempotency-Key header, such as a new UUID, with every POST."
        )
    if not _KEY_SHAPE.fullmatch(key):
        raise ProblemError(
            "idempotency_key_invalid", "An Idempotency-Key is 1 to 255 visible ASCII characters, sent once."
        )
    return key.decode("ascii")
