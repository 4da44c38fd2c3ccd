"""The way of a request: authenticate → validate → claim → group → answer. Written once, for every operation."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from dues.commands.command import Look
from dues.commands.job import Job
from dues.domain.etags import etag, names
from dues.domain.refusals import Refusal
from dues.http.batch import batch
from dues.http.context import Context, Endpoint, answered, call_of, caller_of, idempotency_key_of, named, request_of
from dues.http.exchange import Exchange
from dues.http.exporting import keep
from dues.http.paging import page_reply
from dues.http.presenting import present
from dues.http.problems import ProblemError, Reply
from dues.http.queries import decode_query
from dues.http.streaming import page_or_whole, receive, stream
from dues.http.writes import Write, command_of, refused, reply_of, wanted_of
from dues.lists.paging import PageBody
from dues.resources.doing import (
    Answers,
    AnyCommand,
    Batches,
    Call,
    Changes,
    Creates,
    Exports,
    Lists,
    Pays,
    Presents,
    Receives,
    Shows,
    Streams,
)
from dues.resources.operation import AsOfQuery, Operation, PreviewQuery


def endpoint_of(context: Context, operation: Operation) -> Endpoint:
    """What answers the calls of an operation."""
    match operation.does:
        case Creates(command) | Changes(command):
            return _write(context, operation, command_of(context, command))
        case Pays(command, preview):
            return _pay(context, operation, command, preview)
        case Shows(command):
            return _show(context, operation, command)
        case Answers(function):
            return _answer(context, operation, function)
        case Lists():
            return page_or_whole(context, operation, operation.does, partial(_answer, context, operation))
        case Streams(function):
            return stream(context, operation, function)
        case Presents():
            return present(context, operation, operation.does)
        case Receives(function):
            return receive(context, operation, function)
        case Exports(function):
            return keep(context, operation, function)
        case Batches():
            return batch(context, operation)


# Writes: once per Idempotency-Key ---------------------------------------------------------------------------------


def _write(context: Context, operation: Operation, command: AnyCommand) -> Endpoint:
    """Has the command do what is asked for, and gives the stored answer where it was done before."""
    write = Write(context, operation, command)
    moves_clock = isinstance(operation.does, Creates) and operation.does.moves_clock

    async def endpoint(exchange: Exchange) -> Reply:
        job = await write.job_of(exchange)
        try:
            answer, exchange.group_size = await context.writes.submit(job)
        finally:
            if moves_clock:
                # Whoever was told that it is later must find it so here at once. Other processes look each key up again
                # within half a second; and where there was no answer, nobody knows whether it was done.
                context.keys.forget(job.tenant)
        return write.reply_of(answer)

    return endpoint


def _pay(context: Context, operation: Operation, command: AnyCommand, preview: AnyCommand) -> Endpoint:
    """Takes a payment; with `?preview=true` answers 200 with what the payment would do."""
    take = _write(context, operation, command)

    async def endpoint(exchange: Exchange) -> Reply:
        # Before anything else: who misspells `preview` must not find that the payment was taken.
        if not decode_query(exchange.query_string, PreviewQuery).preview:
            return await take(exchange)
        key = await caller_of(context, operation, exchange, collectors=False)
        idempotency_key_of(exchange)
        wanted, _ = await wanted_of(operation, None, exchange, key)
        job = Job(preview, request_of(exchange, operation, key, wanted))
        outcome, exchange.group_size = await context.reads.submit(job)
        if isinstance(outcome, Refusal):
            return reply_of(refused(context, exchange.path, exchange.request_id, outcome), tagged=False)
        return Reply(200, outcome.json)

    return endpoint


# Reads ------------------------------------------------------------------------------------------------------------


def _show(context: Context, operation: Operation, command: AnyCommand) -> Endpoint:
    """Answers with what the path names; with 304 where the client has it."""
    parameter = operation.parameter

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        query = decode_query(exchange.query_string, operation.query)
        look = Look(named(parameter, exchange), query.as_of if isinstance(query, AsOfQuery) else None)
        job = Job(command, request_of(exchange, operation, key, look))
        outcome, exchange.group_size = await context.reads.submit(job)
        if isinstance(outcome, Refusal):
            raise ProblemError(outcome.code, outcome.detail)
        if not operation.tagged:
            return Reply(200, outcome.json)
        tag = etag(outcome.tagged or outcome.json)
        if (condition := exchange.header(b"if-none-match")) and names(condition.decode("latin-1"), tag):
            return Reply(304, b"", headers=[(b"etag", tag.encode())])
        return Reply(200, outcome.json, headers=[(b"etag", tag.encode())])

    return endpoint


def _answer(context: Context, operation: Operation, function: Callable[[Call], Awaitable[Any]]) -> Endpoint:
    """Answers as a function does, within the tenant's share of the database."""
    parameter = operation.parameter

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        query = decode_query(exchange.query_string, operation.query)
        if operation.method != "GET":
            await exchange.no_body()
        answer = await answered(function(call_of(context, exchange, key, named(parameter, exchange), query)))
        return page_reply(context, exchange, query, answer) if isinstance(answer, PageBody) else Reply(200, answer)

    return endpoint
