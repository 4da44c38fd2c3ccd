"""Refusals as RFC 9457 problem details."""

import json
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

TITLES = {
    "invalid-request": (400, "Invalid request"),
    "idempotency-key-missing": (400, "Idempotency key missing"),
    "idempotency-key-invalid": (400, "Idempotency key invalid"),
    "unauthorized": (401, "Unauthorized"),
    "forbidden": (403, "Forbidden"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "conflict": (409, "Conflict"),
    "payload-too-large": (413, "Payload too large"),
    "unsupported-media-type": (415, "Unsupported media type"),
    "idempotency-key-reused": (422, "Idempotency key reused"),
    "unprocessable": (422, "Unprocessable"),
}


class Problem(Exception):
    """A refusal: `slug` decides status and title, `code` is what programs match on."""

    def __init__(self, slug: str, code: str, detail: str, **more: Any) -> None:
        self.slug = slug
        self.code = code
        self.detail = detail
        self.more = more
        self.status, self.title = TITLES[slug]

    def body(self, request: Request) -> bytes:
        """The problem as JSON, about `request`."""
        return json.dumps(
            {
                "type": f"/errors#{self.slug}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "instance": request.url.path,
                "code": self.code,
                "request_id": request.state.request_id,
                **self.more,
            }
        ).encode()


def problem_response(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response:
    """A response that carries a problem."""
    return Response(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Makes `app` answer every refusal as a problem."""
    app.add_exception_handler(Problem, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unrouted)


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return problem_response(problem.status, problem.body(request), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(one["type"] == "json_invalid" for one in errors):
        return await _refused(request, Problem("invalid-request", "malformed_json", "The body is not JSON."))
    violations = [{"pointer": _pointer(one), "code": one["type"], "detail": one["msg"]} for one in errors]
    detail = f"{len(violations)} field(s) of the body cannot be accepted."
    return await _refused(request, Problem("invalid-request", "validation_failed", detail, errors=violations))


def _pointer(error: dict[str, Any]) -> str:
    path = [str(part) for part in error["loc"][1:] if part != "[key]"]
    if len(path) > 1 and path[0] == "customer":
        del path[1]  # the union's tag
    if field := error.get("ctx", {}).get("field"):
        path.append(field)
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        problem = Problem("method-not-allowed", "method_not_allowed", "This path does not know this method.")
        return problem_response(405, problem.body(request), dict(error.headers or {}))
    return await _refused(request, Problem("not-found", "route_not_found", "There is nothing at this path."))
