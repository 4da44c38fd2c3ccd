"""The way of a request: authenticate → validate → claim → group → answer. Written once, around all commands."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from dues.db.database import Database
from dues.domain.refusals import Refusal, RefusalCode
from dues.http.access import authenticate
from dues.http.exchange import Exchange
from dues.http.problems import PROBLEM_CONTENT_TYPE, PROBLEM_TYPES, ProblemError, Reply, problem_json
from dues.http.validation import decode
from dues.idempotency.answer_once import Answer, Keyed, answer_once
from dues.tenants.authenticate import KeyRing
from dues.work.group_commit import GroupCommit
from dues.work.work import Command, Request

Endpoint = Callable[[Exchange], Awaitable[Reply]]

_KEY_SHAPE: Final = re.compile(rb"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Floor:
    """What endpoints stand on."""

    database: Database
    keys: KeyRing
    writes: GroupCommit
    reads: GroupCommit
    docs_base: str
    idempotency_retention: timedelta


def write(floor: Floor, command: Command[Any, Any], shape: type[Any], status: int) -> Endpoint:
    """An endpoint that carries out `command` once per Idempotency-Key and answers `status`."""

    def render(request: Request[Keyed], outcome: Any) -> Answer:
        if isinstance(outcome, Refusal):
            body = problem_json(floor.docs_base, request.body.path, request.request_id, outcome)
            return Answer(PROBLEM_TYPES[outcome.code].status, body)
        return Answer(status, outcome.json, outcome.id)

    once = answer_once(command, render, floor.idempotency_retention)

    async def endpoint(exchange: Exchange) -> Reply:
        tenant_id = await authenticate(exchange, floor.keys)
        key = _idempotency_key(exchange)
        body, canonical = decode(await exchange.json_body(), shape)

        fingerprint = sha256(b"%b %b\n%b" % (exchange.method.encode(), exchange.path.encode(), canonical)).digest()
        keyed = Keyed(body, fingerprint, exchange.method, exchange.path)
        answer, exchange.group_size = await floor.writes.submit(
            once, Request(tenant_id, exchange.request_id, key, keyed)
        )

        content_type = b"application/json" if answer.status < 300 else PROBLEM_CONTENT_TYPE
        return Reply(answer.status, answer.body, content_type, _REPLAYED if answer.replayed else ())

    return endpoint


def read(floor: Floor, command: Command[str, Any], parameter: str, missing: RefusalCode) -> Endpoint:
    """An endpoint that answers with the object that the path's `parameter` names, or refuses with `missing`."""

    async def endpoint(exchange: Exchange) -> Reply:
        tenant_id = await authenticate(exchange, floor.keys)
        name = exchange.path_parameter(parameter)
        if name is None:
            raise ProblemError(missing, "The path does not name anything that can exist.")

        request = Request(tenant_id, exchange.request_id, None, name)
        outcome, exchange.group_size = await floor.reads.submit(command, request)
        if isinstance(outcome, Refusal):
            raise ProblemError(outcome.code, outcome.detail)
        return Reply(200, outcome.json)

    return endpoint


HTML: Final = b"text/html; charset=utf-8"


def fixed(body: bytes, content_type: bytes) -> Endpoint:
    """An endpoint that always answers the same, to anyone."""

    async def endpoint(_exchange: Exchange) -> Reply:
        return Reply(200, body, content_type)

    return endpoint


_REPLAYED: Final = ((b"idempotent-replayed", b"true"),)


def _idempotency_key(exchange: Exchange) -> str:
    key = exchange.header(b"idempotency-key")
    if not key:
        raise ProblemError(
            "idempotency_key_missing", "Send an Idempotency-Key header, such as a new UUID, with every POST."
        )
    if not _KEY_SHAPE.fullmatch(key):
        raise ProblemError(
            "idempotency_key_invalid", "An Idempotency-Key is 1 to 255 visible ASCII characters, sent once."
        )
    return key.decode("ascii")
