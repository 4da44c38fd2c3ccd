"""The front door: every request gets an id, an answer, a log line and a count, whatever happens."""

import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.routing import Route, Router

from dues.db.errors import Unavailable
from dues.domain.ids import new_id
from dues.http.context import Endpoint
from dues.http.exchange import ClientGone, Exchange, send_reply
from dues.http.metrics import Metrics
from dues.http.problems import ProblemError, Reply, problem_reply
from dues.work.group_commit import Busy

_log = structlog.get_logger()

Routes = Mapping[str, Mapping[str, Endpoint]]
"""Path to method to endpoint."""


class FrontDoor:
    """The ASGI application. Knows HTTP, and nothing of billing."""

    def __init__(self, routes: Routes, metrics: Metrics, docs_base: str) -> None:
        resources = {path: _Resource(path, methods) for path, methods in routes.items()}
        self._exact = {path: resource for path, resource in resources.items() if "{" not in path}
        self._router = Router([Route(path, resource) for path, resource in resources.items()], redirect_slashes=False)
        self._metrics = metrics
        self._docs_base = docs_base

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One HTTP exchange."""
        started = time.perf_counter()
        # The path as it was sent: an escaped slash belongs to a reference and separates nothing.
        raw_path = scope["raw_path"].decode("latin-1").partition("?")[0]
        inner = scope | {"path": raw_path, "app": self}
        exchange = inner["exchange"] = Exchange(inner, receive, new_id("req_", datetime.now(UTC)))
        try:
            # A path without parameters is found at once; the router looks at one after another.
            await self._exact.get(raw_path, self._router)(inner, receive, send)
            reply = inner["reply"]
        except ClientGone:
            self._finish(exchange, 499, started)
            return
        except Exception as error:
            reply = self._problem(exchange, error)
        try:
            await send_reply(send, reply, exchange.request_id, exchange.method)
        finally:
            self._finish(exchange, reply.status, started)

    def _finish(self, exchange: Exchange, status: int, started: float) -> None:
        seconds = time.perf_counter() - started
        self._metrics.observe_request(exchange.method, exchange.route, status, seconds)
        _log.info(
            "request",
            request_id=exchange.request_id,
            tenant=exchange.tenant,
            method=exchange.method,
            route=exchange.route,
            status=status,
            duration_ms=round(seconds * 1000, 2),
            group_size=exchange.group_size,
        )

    def _problem(self, exchange: Exchange, error: Exception) -> Reply:
        return problem_reply(self._docs_base, exchange.path, exchange.request_id, self._named(exchange, error))

    def _named(self, exchange: Exchange, error: Exception) -> ProblemError:
        """The problem that an exception is to a client. What is unforeseen is logged, and told to nobody."""
        match error:
            case ProblemError():
                return error
            case HTTPException():
                return ProblemError("route_not_found", f"There is nothing at {exchange.path}. See {self._docs_base}.")
            case Busy():
                return ProblemError("request_in_progress", f"Not now: {error}.", headers={"Retry-After": "1"})
            case Unavailable():
                _log.warning("unavailable", request_id=exchange.request_id, reason=str(error))
                detail = "The database does not answer just now. Send the request again, with the same key."
                return ProblemError("unavailable", detail, headers={"Retry-After": "1"})
            case _:
                # The frames, and not the message: it may quote a customer's data.
                frames = "".join(traceback.format_tb(error.__traceback__))
                _log.error("internal_error", request_id=exchange.request_id, kind=type(error).__name__, frames=frames)
                return ProblemError("internal_error", f"Something went wrong here. Quote {exchange.request_id}.")


class _Resource:
    """All methods of one path."""

    def __init__(self, path: str, methods: Mapping[str, Endpoint]) -> None:
        self._path = path
        self._methods = dict(methods)
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]
        self._allow = ", ".join(sorted(self._methods))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.scope = scope  # the router has put the path's parameters into it
        exchange.route = self._path
        endpoint = self._methods.get(exchange.method)
        if endpoint is None:
            raise ProblemError(
                "method_not_allowed",
                f"{exchange.method} is not possible here, only {self._allow}.",
                headers={"Allow": self._allow},
            )
        scope["reply"] = await endpoint(exchange)
