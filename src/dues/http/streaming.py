"""Endpoints that send an answer while it is made, or read a body while it arrives."""

from collections.abc import Awaitable, Callable
from typing import Any

from dues.domain.files.verdicts import FileRefusedError
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid
from dues.http.accepting import CSV, media_type_of
from dues.http.context import Context, Endpoint, answered, call_of, caller_of, idempotency_key_of, named
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.http.queries import decode_query
from dues.http.uploads import body_parts
from dues.lists.paging import PageBody
from dues.resources.doing import Call, Document, Lists, Receives
from dues.resources.exports.query import of_exports_alone
from dues.resources.exports.write import export
from dues.resources.operation import Operation


def stream(context: Context, operation: Operation, function: Callable[[Call], Awaitable[Any]]) -> Endpoint:
    """Sends a document while it is made."""
    parameter = operation.parameter

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        query = decode_query(exchange.query_string, operation.query)
        call = call_of(context, exchange, key, named(parameter, exchange), query)
        return document_reply(await answered(function(call)))

    return endpoint


def page_or_whole(
    context: Context,
    operation: Operation,
    lists: Lists,
    answer: Callable[[Callable[[Call], Awaitable[PageBody | Refusal]]], Endpoint],
) -> Endpoint:
    """Answers with a page of a list, or sends all of it as CSV, by what is accepted. `answer` makes the endpoint of a
    function that gives pages."""

    async def page(call: Call) -> PageBody | Refusal:
        if broken := of_exports_alone(call.query):
            raise Invalid(broken)
        return await lists.function(call)

    def whole(call: Call) -> Awaitable[Document | Refusal]:
        return export(lists, call, operation.path.rpartition("/")[2])

    as_page, as_csv = answer(page), stream(context, operation, whole)

    async def neither(exchange: Exchange) -> Reply:
        await caller_of(context, operation, exchange)
        raise ProblemError("not_acceptable", "It is to be had as application/json, or as text/csv.")

    async def endpoint(exchange: Exchange) -> Reply:
        wanted = media_type_of(exchange.header(b"accept"))
        wanted_from = neither if wanted is None else as_csv if wanted == CSV else as_page
        return await wanted_from(exchange)

    return endpoint


def document_reply(document: Document) -> Reply:
    """A file, sent while it is made."""
    headers = [(b"content-disposition", f'attachment; filename="{document.file_name}"'.encode())]
    content_type = document.content_type
    if content_type.startswith("text/"):
        content_type += "; charset=utf-8"
    return Reply(200, b"", content_type.encode(), headers, parts=document.parts)


def receive(context: Context, operation: Operation, function: Callable[..., Awaitable[Any]]) -> Endpoint:
    """Has a body read while it arrives."""
    assert isinstance(operation.does, Receives)
    wanted = operation.does.content_type

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        idempotency_key = idempotency_key_of(exchange)
        query = decode_query(exchange.query_string, operation.query)
        call = call_of(context, exchange, key, "", query, idempotency_key)
        try:
            answer = await answered(function(call, body_parts(exchange, wanted)))
        except FileRefusedError as error:
            raise ProblemError(error.code, error.detail) from None
        if isinstance(answer, Document):
            return document_reply(answer)
        headers = [(b"idempotent-replayed", b"true")] if answer.replayed else []
        return Reply(operation.status, answer.body, headers=headers)

    return endpoint
