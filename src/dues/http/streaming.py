"""Endpoints that send an answer while it is made, or read a body while it arrives."""

from collections.abc import Awaitable, Callable
from typing import Any

from dues.domain.files.verdicts import FileRefusedError
from dues.domain.refusals import Refusal
from dues.domain.violations import Invalid
from dues.http.context import Context, Endpoint, call_of, caller_of, idempotency_key_of, named
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply
from dues.http.queries import decode_query, invalid
from dues.http.uploads import body_parts
from dues.resources.operation import Call, Document, Operation, Receives


def stream(context: Context, operation: Operation, function: Callable[[Call], Awaitable[Any]]) -> Endpoint:
    """Sends a document while it is made."""
    parameter = operation.parameter

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        query = decode_query(exchange.query_string, operation.query)
        try:
            answer = await function(call_of(context, exchange, key, named(parameter, exchange), query))
        except Invalid as error:
            raise invalid(error.violations) from None
        if isinstance(answer, Refusal):
            raise ProblemError(answer.code, answer.detail)
        return _document(answer)

    return endpoint


def _document(document: Document) -> Reply:
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
            answer = await function(call, body_parts(exchange, wanted))
        except Invalid as error:
            raise invalid(error.violations) from None
        except FileRefusedError as error:
            raise ProblemError(error.code, error.detail) from None
        match answer:
            case Refusal():
                raise ProblemError(answer.code, answer.detail)
            case Document():
                return _document(answer)
        headers = [(b"idempotent-replayed", b"true")] if answer.replayed else []
        return Reply(operation.status, answer.body, headers=headers)

    return endpoint
