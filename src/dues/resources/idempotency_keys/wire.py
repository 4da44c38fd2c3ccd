"""The JSON of what became of an idempotency key."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Time = Annotated[datetime, Meta(tz=True)]


class IdempotencyKeyBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key whose first request was carried out. Times are RFC 3339, UTC."""

    key: str
    state: Literal["completed"]
    status: int
    method: str
    path: str
    request_id: str
    created_at: Time
    expires_at: Time
    object_id: str | None = None
