"""The application: routes, request ids, body limits and problems put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import Depends, FastAPI, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.conventional import accounts, adjustments, payments, problems
from bench.conventional.database import open_engine, sessions_of
from bench.conventional.problems import Problem
from dues.domain.ids import new_id

BODY_MAX_BYTES = 64 * 1024


class RequestIds:
    """Gives every request an id and every response its `Request-Id`; plain ASGI, as that costs least."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, with its id in the state."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = new_id("req_", datetime.now(UTC))
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Request-Id"] = request_id
            await send(message)

        await self.app(scope, receive, send_with_id)


async def acceptable_body(request: Request) -> None:
    """Refuses a body that is not JSON or is longer than 64 KiB."""
    if request.method != "POST":
        return
    if int(request.headers.get("Content-Length", 0)) > BODY_MAX_BYTES:
        raise Problem("payload-too-large", "payload_too_large", "A body may have 64 KiB at most.")
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("unsupported-media-type", "unsupported_media_type", "Send application/json.")


def build(database_url: str) -> FastAPI:
    """The application over the database at `database_url` (libpq style)."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = open_engine(database_url)
        app.state.sessions = sessions_of(engine)
        yield
        await engine.dispose()

    app = FastAPI(title="The conventional version", lifespan=lifespan)
    app.add_middleware(RequestIds)
    for router in (accounts.router, adjustments.router, payments.router):
        app.include_router(router, dependencies=[Depends(acceptable_body)])
    app.add_api_route("/readyz", ready)
    problems.install(app)
    return app


async def ready() -> Response:
    """GET /readyz: the server is up."""
    return Response(status_code=200)
