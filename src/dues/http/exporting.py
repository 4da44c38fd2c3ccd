"""Endpoints that have a list written to a file that is kept: the query string has what the list itself would get."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dues.domain.violations import Invalid, Violation, closest
from dues.http.context import Context, Endpoint, answered, call_of, caller_of, idempotency_key_of
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.http.queries import decode_query, invalid
from dues.resources.api import LISTS
from dues.resources.doing import Lists
from dues.resources.exports.columns import chosen
from dues.resources.exports.query import of_pages_alone
from dues.resources.operation import Operation
from dues.resources.stored_exports.carry_out import Kept
from dues.resources.stored_exports.wire import ExportInput


def keep(context: Context, operation: Operation, function: Callable[..., Awaitable[Any]]) -> Endpoint:
    """Takes an export in, which somebody carries out after that."""

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        idempotency_key = idempotency_key_of(exchange)
        listed, wanted = _read(exchange.query_string)
        if key.restrictions and not key.restrictions.allow(listed.scope):
            detail = f"What is exported has the scope {listed.scope}, which this key has not."
            raise ProblemError("key_not_allowed", detail)
        call = call_of(context, exchange, key, "", None, idempotency_key)
        answer = await answered(function(call, wanted))
        headers = [(b"idempotent-replayed", b"true")] if answer.replayed else []
        return Reply(operation.status, answer.body, headers=headers)

    return endpoint


def _read(query_string: bytes) -> tuple[Operation, ExportInput]:
    """Which list, and what of it; all of it makes sense to that list."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    kinds = [text for name, text in pairs if name == "kind"]
    known = ", ".join(LISTS)
    if len(kinds) != 1:
        raise invalid([Violation("/kind", "required", f"must be given, once. Known are: {known}.")])
    if kinds[0] not in LISTS:
        meant = closest(kinds[0], LISTS)
        hint = f" Did you mean {meant}?" if meant else ""
        raise invalid([Violation("/kind", "unknown_kind", f"is no list here.{hint} Known are: {known}.")])
    listed, query = LISTS[kinds[0]], urlencode([pair for pair in pairs if pair[0] != "kind"], encoding="latin-1")
    asked = decode_query(query.encode(), listed.query)
    assert isinstance(listed.does, Lists)
    try:
        if broken := of_pages_alone(asked):  # type: ignore[arg-type]
            raise Invalid(broken)
        if columns := asked.columns:  # type: ignore[attr-defined]
            chosen(listed.does.body, columns)
    except Invalid as error:
        raise invalid(error.violations) from None
    return listed, ExportInput(kinds[0], query)


def _kept(operation: Operation) -> Kept:
    assert isinstance(operation.does, Lists)
    return Kept(operation.does, lambda query: decode_query(query.encode(), operation.query))


KEPT = {kind: _kept(operation) for kind, operation in LISTS.items()}
"""The lists that can be kept whole, for whoever carries exports out."""
