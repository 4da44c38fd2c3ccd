"""The problem that an exception is to a client."""

import traceback

import structlog

from dues.db.errors import Unavailable
from dues.http.body_stream import ClientGone
from dues.http.problems import ProblemError
from dues.work.line import Busy

_log = structlog.get_logger()


def problem_of(request_id: str, error: Exception) -> ProblemError:
    """What is told of whatever was raised for a request. What is unforeseen is logged, and told to nobody."""
    match error:
        case ProblemError():
            return error
        case ClientGone():
            return ProblemError("malformed_request", "The client hung up in the middle of its body.")
        case Busy():
            return ProblemError("request_in_progress", f"Not now: {error}.", headers={"Retry-After": "1"})
        case Unavailable():
            _log.warning("unavailable", request_id=request_id, reason=str(error))
            detail = "The database does not answer just now. Send the request again, with the same key."
            return ProblemError("unavailable", detail, headers={"Retry-After": "1"})
        case _:
            # The frames, and not the message: it may quote a customer's data.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error("internal_error", request_id=request_id, kind=type(error).__name__, frames=frames)
            return ProblemError("internal_error", f"Something went wrong here. Quote {request_id}.")
