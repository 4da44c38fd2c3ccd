"""The statements on what is closed, as groups of commands need them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from dues.domain.closings import Closed, LateEntry
from dues.work.questions import Part, Question
from dues.work.work import Work


class ClosedDays(Question, frozen=True):
    """Up to which day everything is closed."""

    @property
    def part(self) -> Part:
        return _CLOSED_DAYS

    @property
    def values(self) -> tuple[object, ...]:
        return ()


_CLOSED_DAYS: Final = Part(
    name="closed days",
    asked={},
    source="""  join lateral (
    select c.through_on, c.ends_at
      from closings c
     where c.cell = $1 and c.tenant_id = asked.tenant_id and c.reopened_at is null
     order by c.ends_at desc
     limit 1
  ) as closed on true""",
    value="json_build_object('through', closed.through_on, 'ends_at', closed.ends_at)",
    shape=Closed,
)

CLOSED_DAYS: Final = ClosedDays()


class Dated(Struct, frozen=True):
    """What a group enters of days that are over: what it knows to be closed (None: nothing is), and what is late."""

    closed_to: datetime | None
    late: Sequence[LateEntry] = ()


INSERT_CHECKS = """
insert into closing_checks (cell, tenant_id, closed_to)
select $1::integer, * from unnest($2::integer[], $3::timestamptz[])
"""

INSERT_LATE_ENTRIES = """
insert into late_entries (
    cell, tenant_id, id, object_id, dated_on, closed_through, reason, request_id, actor, created_at
)
select $1::integer, *
  from unnest($2::integer[], $3::text[], $4::text[], $5::date[], $6::date[], $7::text[], $8::text[], $9::text[],
              $10::timestamptz[])
"""


def check_closed(work: Work, dated: Mapping[int, Dated]) -> None:
    """Has the transaction raise Conflict where something else is closed by now, by tenant's id; until it ends, nobody
    closes anything there."""
    work.tx.write(INSERT_CHECKS, [(tenant_id, one.closed_to) for tenant_id, one in sorted(dated.items())])


def insert_late_entries(work: Work, dated: Mapping[int, Dated]) -> None:
    """Writes what was entered of closed days."""
    work.tx.write(
        INSERT_LATE_ENTRIES,
        [
            (
                tenant_id,
                one.id,
                one.object_id,
                one.dated_on,
                one.closed_through,
                one.reason,
                one.request_id,
                one.actor,
                one.created_at,
            )
            for tenant_id, found in sorted(dated.items())
            for one in found.late
        ],
    )
