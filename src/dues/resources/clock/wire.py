"""The JSON of a test clock."""

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from dues.commands.command import Shown, to_shown_json
from dues.domain.fields import says


class ClockBody(Struct, frozen=True, kw_only=True):
    """What time it is for the merchant's test data."""

    now: Annotated[datetime, Meta(tz=True, description="Its present time, in UTC.")]
    offset_seconds: Annotated[int, says("How far that is ahead of the server's time.")]


def show_clock(server_now: datetime, offset_seconds: int) -> Shown:
    """How a clock is shown."""
    now = server_now + timedelta(seconds=offset_seconds)
    return Shown(None, to_shown_json(ClockBody(now=now, offset_seconds=offset_seconds)))
