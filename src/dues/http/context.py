"""What endpoints need of the server, and of every exchange: whose call it is, and what it names."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dues.db.database import Database
from dues.events.feed import Feed
from dues.http.access import authenticate
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.lists.turns import Turns
from dues.resources.operation import Operation
from dues.tenants.authenticate import KeyRing
from dues.tenants.keys import ApiKey
from dues.work.group_commit import GroupCommit
from dues.work.work import Request

Endpoint = Callable[[Exchange], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Context:
    """What endpoints need."""

    database: Database
    keys: KeyRing
    writes: GroupCommit
    reads: GroupCommit
    docs_base: str
    public_url: str
    """What clients call, where that is set; else empty."""
    lists: Turns
    """For lists, reports and feeds: what commits need is not theirs."""
    feed: Feed
    webhook_allow_private: bool


def caller_of(context: Context, operation: Operation, exchange: Exchange) -> Awaitable[ApiKey]:
    """The key that the call came with, if it opens this operation."""
    return authenticate(exchange, context.keys, collectors=operation.collectors, test_mode=operation.test_mode)


def named(parameter: str | None, exchange: Exchange) -> str:
    """The id or reference in the path, if there is one. Refuses what can name nothing as not found."""
    if parameter is None:
        return ""
    name = exchange.path_parameter(parameter)
    if name is None:
        raise ProblemError(f"{parameter}_not_found", "The path does not name anything that can exist.")
    return name


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
