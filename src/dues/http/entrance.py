"""The front door: every request gets an id, an answer, a log line and a count, whatever happens."""

import asyncio
import math
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import structlog

from dues.domain.ids import new_id
from dues.http.context import Endpoint
from dues.http.cors import Cors
from dues.http.exchange import Exchange
from dues.http.failures import problem_of
from dues.http.metrics import Metrics
from dues.http.problems import ProblemError, Reply, problem_reply
from dues.http.route_table import RouteTable

_log = structlog.get_logger()

LogRequest = Callable[[Exchange, Reply, float], None]
"""Writes the line of an exchange, given its answer and how many seconds it took."""


class Entrance:
    """What answers exchanges. Knows HTTP, and nothing of billing.

    Once `stopping` is set, each connection is told with its next answer that it ends.
    """

    def __init__(
        self,
        table: RouteTable[Endpoint],
        metrics: Metrics,
        docs_base: str,
        log_request: LogRequest,
        cors: Cors | None = None,
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._routes = table
        self._metrics = metrics
        self._docs_base = docs_base
        self._log_request = log_request
        self._cors = cors
        self.stopping = stopping or asyncio.Event()
        self.asked_at = -math.inf
        """When the last request was whole, by the performance counter."""

    async def answer(self, exchange: Exchange) -> Reply:
        """The answer to an exchange. It raises nothing."""
        exchange.request_id = new_id("req_", datetime.now(UTC))
        self.asked_at = exchange.started_at
        if exchange.refusal:
            # It is not raised: its traceback would hold the exchange, which holds it.
            return self._finish(exchange, self._problem(exchange, exchange.refusal))
        try:
            reply = self._preflight(exchange) or await self._routes.find(exchange)(exchange)
        except Exception as error:
            reply = self._problem(exchange, error)
        return self._finish(exchange, reply)

    def streams(self, exchange: Exchange) -> bool:
        """Whether the body of an exchange, whose head is there, is read while it arrives."""
        return self._routes.streams(exchange)

    def refuse_connection(self, exchange: Exchange) -> Reply:
        """The answer to a client that is one too many, and has not said anything yet."""
        exchange.request_id = new_id("req_", datetime.now(UTC))
        problem = ProblemError("too_many_connections", "There are too many connections.", headers={"Retry-After": "1"})
        reply = self._problem(exchange, problem)
        # Without a line in the log: it has one a minute for all of them.
        self._metrics.observe_request(exchange.method, exchange.route, reply.status, 0.0)
        return reply

    def report_broken(self, exchange: Exchange, error: Exception) -> None:
        """A body could not be made to its end, and a part of it is sent."""
        frames = "".join(traceback.format_tb(error.__traceback__))
        kind = type(error).__name__
        _log.error("answer_broken_off", request_id=exchange.request_id, kind=kind, frames=frames)

    def abandon(self, exchange: Exchange) -> None:
        """The client hung up before its request was whole, or before its turn came: it is carried out for nobody."""
        exchange.request_id = new_id("req_", datetime.now(UTC))
        self._routes.name(exchange)
        self._finish(exchange, _NOBODY_TO_ANSWER)

    def _preflight(self, exchange: Exchange) -> Reply | None:
        reply = self._cors.preflight(exchange) if self._cors and exchange.method == "OPTIONS" else None
        if reply:
            self._routes.name(exchange)
        return reply

    def _finish(self, exchange: Exchange, reply: Reply) -> Reply:
        if self._cors is not None:
            exchange.answer_headers = [*(exchange.answer_headers or ()), *self._cors.headers(exchange)]
        if exchange.answer_headers:
            reply = msgspec.structs.replace(reply, headers=[*reply.headers, *exchange.answer_headers])
        seconds = time.perf_counter() - exchange.started_at
        self._metrics.observe_request(exchange.method, exchange.route, reply.status, seconds)
        self._log_request(exchange, reply, seconds)
        return reply

    def _problem(self, exchange: Exchange, error: Exception) -> Reply:
        return problem_reply(
            self._docs_base, exchange.path, exchange.request_id, problem_of(exchange.request_id, error)
        )


_NOBODY_TO_ANSWER = Reply(499, b"")
