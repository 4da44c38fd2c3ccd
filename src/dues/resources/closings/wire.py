"""Closings and late entries as clients see them."""

import datetime
from typing import Annotated

from msgspec import Meta, Struct

from dues.domain.fields import says
from dues.resources.control_totals.wire import ControlledBody


class ClosingBody(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """Days that were closed; what has no value is left out."""

    id: Annotated[str, says("Its id, `cls_…`; time-ordered.")]
    through: Annotated[datetime.date, says("The last of the merchant's days that it closed.")]
    time_zone: Annotated[str, says("Where these days are days.")]
    ends_at: Annotated[datetime.datetime, Meta(tz=True, description="When the last one ended.")]
    currencies: Annotated[
        list[ControlledBody], says("The control totals of these days, as they were when they were closed.")
    ]
    created_at: datetime.datetime
    from_: Annotated[datetime.date, says("The first of them; absent: the very first day.")] | None = None
    actor: Annotated[str, says("Who closed them: the id of the API key, or `system`.")] | None = None
    reopened_at: Annotated[datetime.datetime, Meta(tz=True, description="When they were opened again.")] | None = None
    reopened_reason: Annotated[str, says("Why.")] | None = None
    reopened_by: Annotated[str, says("Who opened them again.")] | None = None


class LateEntryBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was entered of a day that was closed already."""

    id: Annotated[str, says("Its id, `late_…`; time-ordered.")]
    object: Annotated[str, says("The id of the bill or payment; of the account or customer whose balance was set.")]
    date: Annotated[datetime.date, says("Of which day it is.")]
    closed_through: Annotated[datetime.date, says("Up to which day everything was closed then.")]
    reason: Annotated[str, says("Why, as whoever entered it said.")]
    request_id: Annotated[str, says("The request that it came with.")]
    created_at: datetime.datetime
    actor: Annotated[str, says("Who entered it: the id of the API key.")] | None = None
