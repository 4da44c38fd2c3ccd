"""Closings: days that are closed, in order; and what may be entered of them afterwards, by whom and why."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar, Final
from zoneinfo import ZoneInfoNotFoundError

from msgspec import Meta, Struct

from dues.domain.days import FIRST_DAY, beginning_of, day_at
from dues.domain.entries import Cause
from dues.domain.fields import DAY_RULE, plain_text
from dues.domain.ids import new_id
from dues.domain.refusals import Refusal

SETTLES_IN: Final = timedelta(minutes=1)
"""So long a day is over before it is closed: what was decided in its last moment is committed by then, and clocks of
several servers do not differ by so much."""

REASON_LENGTH_MAX: Final = 255

Told = date | datetime
"""Of which day something is, as whoever enters it says."""


class NewClosing(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Up to which day everything is closed."""

    through: Annotated[
        date,
        Meta(description="The last of the merchant's days that is closed. It is over.", extra={"rule": DAY_RULE}),
    ]


class Reopening(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why days are opened again."""

    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=REASON_LENGTH_MAX,
            description="Why. It is kept with the closing.",
            extra={"rule": plain_text},
            extra_json_schema={"example": "The bank statement of the 31st was missing"},
        ),
    ]


class Closed(Struct, frozen=True):
    """Up to which day, and to when that ended, where it was closed."""

    through: date
    ends_at: datetime

    def has(self, told: Told) -> bool:
        """Whether something of then is of a closed day."""
        return told < self.ends_at if isinstance(told, datetime) else told <= self.through


class Permit(Struct, frozen=True):
    """Whether somebody may enter what is of a closed day, and why they say that they do."""

    is_given: bool = False
    reason: str | None = None


class Dating(Struct, frozen=True):
    """An object that is entered, of when it is, and where a client says so (a JSON Pointer)."""

    object_id: str
    told: Told
    pointer: str


class LateEntry(Struct, frozen=True):
    """What was entered of a closed day: which object it was, of which day, and why."""

    noun: ClassVar = "late_entry"

    id: str
    object_id: str
    dated_on: date
    closed_through: date
    reason: str
    request_id: str
    actor: str | None
    created_at: datetime


def refuse_closing(new: NewClosing, last: Closed | None, now: datetime, time_zone: str) -> Refusal | None:
    """Why the days up to one cannot be closed: it is not over, or they are closed already."""
    last_over = day_at(now - SETTLES_IN, time_zone) - timedelta(days=1)
    if new.through > last_over:
        detail = f"/through must be a day that is over: the last one is {last_over} ({time_zone})."
        return Refusal("validation_failed", detail, "/through", "not_over")
    if new.through < FIRST_DAY:
        detail = f"/through must not be before {FIRST_DAY}."
        return Refusal("validation_failed", detail, "/through", "too_early")
    ends_at = beginning_of(new.through + timedelta(days=1), time_zone)
    if last and (new.through <= last.through or ends_at <= last.ends_at):
        detail = f"Everything is closed up to {last.through}."
        return Refusal("already_closed", detail, "/through")
    return None


def is_before_today(told: Told, cause: Cause) -> bool:
    """Whether something is of a day that may be over, which somebody may be closing just now."""
    try:
        today = cause.today
    except ZoneInfoNotFoundError:  # where nobody knows which day it is, nothing is taken for today's
        return True
    return told < beginning_of(today, cause.time_zone) if isinstance(told, datetime) else told < today


def enter_late(
    datings: Sequence[Dating], closed: Closed | None, permit: Permit, cause: Cause
) -> Sequence[LateEntry] | Refusal:
    """What is to be kept of objects of closed days. Refuses `period_closed` whoever may not
    enter such, or does not say why."""
    late = [one for one in datings if closed and closed.has(one.told)]
    if not late or closed is None:
        return ()
    days = [day_at(one.told, cause.time_zone) if isinstance(one.told, datetime) else one.told for one in late]
    if not permit.is_given or permit.reason is None:
        how = (
            "Send why you enter it all the same in Dues-Closed-Period-Reason, under a new Idempotency-Key."
            if permit.is_given
            else "Only a secret key without restrictions may enter it, with a reason."
        )
        detail = f"{min(days)} is closed, like all days up to {closed.through}. {how}"
        return Refusal("period_closed", detail, late[0].pointer)
    return [
        LateEntry(
            id=new_id("late_", cause.now),
            object_id=one.object_id,
            dated_on=day,
            closed_through=closed.through,
            reason=permit.reason,
            request_id=cause.request_id,
            actor=cause.actor,
            created_at=cause.now,
        )
        for one, day in zip(late, days, strict=True)
    ]
