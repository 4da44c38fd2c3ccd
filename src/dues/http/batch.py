"""POST /billing/batch: many calls in one, carried out in their order by what carries them out one by one.

A line becomes an exchange of its own, whose endpoint is looked up, whose key is asked and whose job is made as if it
had been sent by itself. Only how the jobs are carried out is another: `work/in_order.py`.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from dues.commands.command import Procedure
from dues.commands.job import Job
from dues.db.errors import Unavailable
from dues.http.batch_lines import exchange_of, exchange_within, lines_sent, read_line
from dues.http.context import Context, Endpoint, caller_of
from dues.http.exchange import Exchange
from dues.http.failures import problem_of
from dues.http.problems import ProblemError, Reply, problem_reply
from dues.http.queries import decode_query
from dues.http.route_table import RouteTable
from dues.http.writes import Write, command_of
from dues.idempotency.answers import Answer
from dues.resources.api import OPERATIONS
from dues.resources.batch.lines import BatchQuery
from dues.resources.doing import Batches, Changes, Creates, Pays
from dues.resources.operation import Operation, PreviewQuery
from dues.work.group_commit import Failed
from dues.work.in_order import RefusedError, Together

MADE_AT_ONCE: Final = 128
"""So many lines are made jobs before any of them is carried out, and others have a turn."""


def batch(context: Context, operation: Operation) -> Endpoint:
    """Answers with a line for each line. Refuses the whole where it is none, or too much."""
    assert isinstance(operation.does, Batches)
    media_type = operation.does.content_type
    calls = _Calls(context)

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        mode = decode_query(exchange.query_string, BatchQuery).mode
        async with context.batches.turn_of(key.tenant) as together:
            sent = await lines_sent(exchange, media_type)
            lines = await (calls.each if mode == "each" else calls.all)(exchange, sent, together)
        exchange.group_size = len(lines)
        if limited := [line.exchange.answer_headers for line in lines if line.exchange.answer_headers]:
            exchange.answer_headers = limited[-1]
        return Reply(200, b"".join(calls.answers(lines)), media_type.encode())

    return endpoint


class _Callable(Struct, frozen=True):
    """What a path and a method lead to; without `write` it cannot be in a batch."""

    operation: Operation
    write: Write | None


class _Line:
    """One call: as an exchange, as a job where it is one, and its reply once it has one."""

    __slots__ = ("exchange", "job", "number", "reply", "write")

    def __init__(self, number: int, exchange: Exchange) -> None:
        self.number = number
        self.exchange = exchange
        self.write: Write | None = None
        self.job: Job | None = None
        self.reply: Reply | None = None


class _Calls:
    """What may stand in the lines of a batch, and how they are carried out."""

    def __init__(self, context: Context) -> None:
        self._context = context
        routes: dict[str, dict[str, _Callable]] = {}
        for operation in OPERATIONS:
            routes.setdefault(operation.path, {})[operation.method] = _Callable(
                operation, _write_of(context, operation)
            )
        self._table = RouteTable(routes, context.docs_base, urlsplit(context.public_url).path)

    async def each(self, batch: Exchange, sent: Sequence[tuple[int, bytes]], together: Together) -> list[_Line]:
        """Every line by itself. While some are written, those after them are made jobs."""
        done: list[_Line] = []
        under_way: asyncio.Task[None] | None = None
        for first in range(0, len(sent), MADE_AT_ONCE):
            lines = [await self._line(batch, *one) for one in sent[first : first + MADE_AT_ONCE]]
            if under_way:
                await under_way
            under_way = asyncio.create_task(self._carry_out(batch, lines, together))
            done += lines
            await asyncio.sleep(0)
        if under_way:
            await under_way
        return done

    async def _carry_out(self, batch: Exchange, lines: Sequence[_Line], together: Together) -> None:
        made = [line for line in lines if line.job]
        answers = await together.each([line.job for line in made if line.job])
        away: ProblemError | None = None
        for line, answer in zip(made, answers, strict=True):
            if isinstance(answer, Failed) and isinstance(answer.error, Unavailable):
                # Nothing more was tried after the first: it is logged once.
                away = away or problem_of(batch.request_id, answer.error)
                answer = Failed(away)
            self._answer(line, answer)

    async def all(self, batch: Exchange, sent: Sequence[tuple[int, bytes]], together: Together) -> list[_Line]:
        """All of them, or none: then the first that was refused says why, and the others that they were not done."""
        lines: list[_Line] = []
        for one in sent:
            lines.append(await self._line(batch, *one))
            if len(lines) % MADE_AT_ONCE == 0:
                await asyncio.sleep(0)
        guilty = next((line for line in lines if line.reply), None)
        if guilty is None:
            try:
                answers = await together.all([line.job for line in lines if line.job], _is_refused)
            except RefusedError as error:
                guilty = lines[error.position]
                self._answer(guilty, error.answer)
            else:
                for line, answer in zip(lines, answers, strict=True):
                    self._answer(line, answer)
        if guilty is not None:
            detail = f"Line {guilty.number} was refused, so nothing of this batch was carried out."
            for line in lines:
                if line is not guilty:
                    line.reply = self._problem(line.exchange, ProblemError("not_carried_out", detail))
        return lines

    async def _line(self, batch: Exchange, number: int, data: bytes) -> _Line:
        try:
            sent = read_line(number, data)
        except Exception as error:
            line = _Line(number, exchange_within(batch, "-", batch.path.encode(), {}))
            line.reply = self._problem(line.exchange, error)
            return line
        line = _Line(number, exchange_of(batch, sent))
        try:
            called = self._table.find(line.exchange)
            if called.write is None or _is_preview(called.operation, line.exchange):
                detail = f"{sent.method} {called.operation.path} cannot be a line of a batch: send it by itself."
                raise ProblemError("not_possible_in_batch", detail)
            if sent.key is None and sent.method == "POST":
                raise ProblemError("idempotency_key_missing", 'Give the line a "key", such as a new UUID.')
            line.write = called.write
            line.job = await called.write.job_of(line.exchange)
        except Exception as error:
            line.reply = self._problem(line.exchange, error)
        return line

    def _answer(self, line: _Line, answer: Answer | Failed) -> None:
        if isinstance(answer, Failed):
            line.reply = self._problem(line.exchange, answer.error)
        else:
            assert line.write
            line.reply = line.write.reply_of(answer)

    def _problem(self, exchange: Exchange, error: Exception) -> Reply:
        problem = problem_of(exchange.request_id, error)
        return problem_reply(self._context.docs_base, exchange.path, exchange.request_id, problem)

    def answers(self, lines: Sequence[_Line]) -> Iterator[bytes]:
        """What is answered to each, which is counted."""
        for line in lines:
            reply, exchange = line.reply, line.exchange
            assert reply
            self._context.observe_line(exchange.method, exchange.route, reply.status)
            said = [(b"request-id", exchange.request_id.encode()), (b"content-type", reply.content_type)]
            said += [*reply.headers, *(exchange.answer_headers or ())]
            headers = msgspec.json.encode({name.decode(): value.decode("latin-1") for name, value in said})
            yield b'{"line":%d,"status":%d,"headers":%b,"body":%b}\n' % (
                line.number,
                reply.status,
                headers,
                reply.body,
            )


def _write_of(context: Context, operation: Operation) -> Write | None:
    """None for what reads, for what takes a file, and for what must be alone in its transaction."""
    match operation.does:
        case Creates(command) | Changes(command):
            doing = command_of(context, command)
            return None if isinstance(doing, Procedure) else Write(context, operation, doing)
        case Pays(command):
            return Write(context, operation, command)
        case _:
            return None


def _is_preview(operation: Operation, exchange: Exchange) -> bool:
    return isinstance(operation.does, Pays) and decode_query(exchange.query_string, PreviewQuery).preview


def _is_refused(answer: Any) -> bool:
    return bool(answer.status >= 300)
