"""The JSON of what became of an idempotency key."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dues.domain.fields import says

Time = Annotated[datetime, Meta(tz=True)]


class IdempotencyKeyBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key whose first request was carried out. Times are RFC 3339, UTC."""

    key: Annotated[str, says("The idempotency key.")]
    state: Annotated[Literal["completed"], says("Its first request was carried out, and answered.")]
    status: Annotated[int, says("The HTTP status of the first answer.")]
    method: Annotated[str, says("The method of the first request.")]
    path: Annotated[str, says("The path of the first request.")]
    request_id: Annotated[str, says("The `Request-Id` of the first request.")]
    created_at: Annotated[Time, says("When it was answered.")]
    expires_at: Annotated[Time, says("Until when the answer is kept.")]
    object_id: Annotated[str, says("What it created or changed; absent where it was refused.")] | None = None
