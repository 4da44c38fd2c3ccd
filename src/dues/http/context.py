"""What endpoints need of the server, and of every exchange: whose call it is, and what it names."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from dues.commands.command import Conditional, Modify
from dues.db.database import Database
from dues.domain.closings import REASON_LENGTH_MAX, Permit
from dues.domain.key_limits import Moving
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid
from dues.events.feed import Feed
from dues.http.access import authenticate
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.http.queries import invalid
from dues.http.rate_limits import RateLimits
from dues.jobs.retention import KEPT
from dues.lists.turns import Turns
from dues.pages.paper import Printer
from dues.resources.doing import Call
from dues.resources.operation import Operation
from dues.tenants.authenticate import KeyRing
from dues.tenants.guesses import Guesses
from dues.tenants.keys import ApiKey
from dues.webhooks.outgoing import Outgoing
from dues.work.group_commit import GroupCommit
from dues.work.in_order import InOrder
from dues.work.work import Audited, Request

Endpoint = Callable[[Exchange], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Context:
    """What endpoints need."""

    database: Database
    keys: KeyRing
    writes: GroupCommit
    reads: GroupCommit
    batches: InOrder
    docs_base: str
    public_url: str
    """What clients call, where that is set; else empty."""
    lists: Turns
    """For lists, reports and feeds: what commits need is not theirs."""
    feed: Feed
    outgoing: Outgoing
    """How webhooks go out."""
    files_kept: timedelta = KEPT
    """How long files that are sent are kept."""
    printer: Printer = field(default_factory=Printer)
    """Sets documents."""
    guesses: Guesses = field(default_factory=Guesses)
    """Who guesses the addresses of payment links."""
    rate_limits: RateLimits = field(default_factory=RateLimits)
    observe_line: Callable[[str, str, int], None] = lambda method, route, status: None
    """Counts a line of a batch that was answered."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as the server is told to stop: it answers on, and wants no new clients."""


def caller_of(
    context: Context, operation: Operation, exchange: Exchange, *, collectors: bool = True
) -> Awaitable[ApiKey]:
    """The key that the call came with, if it opens this operation; a collector's only if both say so."""
    collectors = collectors and operation.collectors
    return authenticate(exchange, context.keys, context.rate_limits, operation, collectors=collectors)


def named(parameter: str | None, exchange: Exchange) -> str:
    """The id or reference in the path, if there is one. Refuses what can name nothing as not found."""
    if parameter is None:
        return ""
    name = exchange.path_parameter(parameter)
    if name is None:
        raise ProblemError(f"{parameter}_not_found", "The path does not name anything that can exist.")
    return name


def request_of(
    exchange: Exchange,
    operation: Operation,
    key: ApiKey,
    body: Any,
    idempotency_key: str | None = None,
    fingerprint: bytes = b"",
) -> Request[Any]:
    """What a command is told of an exchange: who asks, by which clock and calendar, and for what."""
    return Request(
        tenant=key.tenant,
        request_id=exchange.request_id,
        body=body,
        actor=key.id,
        collector_id=key.id if key.kind == "collector" else None,
        moving=_moving(key, body) if operation.moves_money and key.restrictions else None,
        clock_offset_seconds=key.clock_offset_seconds,
        time_zone=key.time_zone,
        permit=Permit(key.kind == "secret" and key.restrictions is None, closed_period_reason_of(exchange)),
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
        method=exchange.method,
        path=exchange.path,
        audited=Audited(operation.id, exchange.client) if exchange.caller else None,
    )


def _moving(key: ApiKey, body: Any) -> Moving | None:
    limits = key.money_limits
    if limits is None:
        return None
    match body:
        case Modify(changes=sent) | Conditional(new=sent):
            pass
        case sent:
            pass
    amount = getattr(sent, "amount", None)
    return Moving(limits) if amount is None else Moving(limits, amount, getattr(sent, "currency", None))


async def answered(answer: Awaitable[Any]) -> Any:
    """What a function answers. Where it refuses, or finds that what was asked is wrong, that is raised as a problem."""
    try:
        found = await answer
    except Invalid as error:
        raise invalid(error.violations) from None
    if isinstance(found, Refusal):
        raise ProblemError(found.code, found.detail)
    return found


def call_of(
    context: Context, exchange: Exchange, key: ApiKey, name: str, query: Any, idempotency_key: str | None = None
) -> Call:
    """One call of an operation that no command carries out."""
    database = context.lists.share_of(key.tenant.id)
    return Call(
        key=key,
        name=name,
        query=query,
        idempotency_key=idempotency_key,
        database=database,
        feed=context.feed,
        outgoing=context.outgoing,
        files_kept=context.files_kept,
        turns=context.lists,
    )


def closed_period_reason_of(exchange: Exchange) -> str | None:
    """Why what is of a closed day is entered all the same, as the client says."""
    sent = exchange.header(b"dues-closed-period-reason")
    if sent is None:
        return None
    reason = sent.decode("utf-8", "replace").strip()
    if not 0 < len(reason) <= REASON_LENGTH_MAX or "\ufffd" in reason or not reason.isprintable():
        detail = f"Dues-Closed-Period-Reason is a text of 1 to {REASON_LENGTH_MAX} characters in UTF-8."
        raise ProblemError("validation_failed", detail)
    return reason


_KEY_SHAPE: Final = re.compile(rb"[\x21-\x7e]{1,255}")


def idempotency_key_of(exchange: Exchange) -> str | None:
    """The key; None for a PATCH or DELETE without one."""
    key = exchange.header(b"idempotency-key")
    if key is None and exchange.method != "POST":
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
