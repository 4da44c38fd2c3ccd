"""The statements on key_spendings."""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from dues.db.database import Database
from dues.domain.key_limits import Spent
from dues.work.questions import Part, Question
from dues.work.work import Claim, Work


class SpentBy(Question, frozen=True):
    """What a key has moved on the last day on which it moved anything."""

    key_id: str

    @property
    def part(self) -> Part:
        return _SPENT_BY

    @property
    def values(self) -> tuple[object, ...]:
        return (self.key_id,)

    @property
    def claim(self) -> Claim:
        return "spending", self.key_id


_SPENT_BY = Part(
    name="spendings",
    asked={"key_id": "text"},
    source="""  join lateral (
    select s.day, s.number, s.totals
      from key_spendings s
     where s.cell = $1 and s.tenant_id = asked.tenant_id and s.key_id = asked.key_id
     order by s.day desc, s.number desc
     limit 1
  ) as spent on true""",
    value="json_build_object('day', spent.day, 'number', spent.number, 'totals', spent.totals)",
    shape=Spent,
)

LOCK_SPENDINGS = """
select pg_advisory_xact_lock(hashtextextended(key.id, key.tenant_id))
  from unnest($1::integer[], $2::text[]) as key(tenant_id, id)
"""


async def lock_spendings(work: Work, keys: Iterable[tuple[int, str]]) -> bool:
    """One at a time moves money by these keys (tenant's id and key's), until the end of the transaction; whether there
    are any. A lock of a name, since there is no row for the first of a day."""
    rows = sorted(keys)
    if rows:
        await work.tx.lock(LOCK_SPENDINGS, *zip(*rows, strict=True))
    return bool(rows)


INSERT_SPENDINGS = """
insert into key_spendings (cell, tenant_id, key_id, day, number, totals)
select $1::integer, tenant_id, key_id, day, number, totals::jsonb
  from unnest($2::integer[], $3::text[], $4::date[], $5::bigint[], $6::text[])
    as s(tenant_id, key_id, day, number, totals)
"""


def insert_spendings(work: Work, spent: Mapping[tuple[int, str], Spent]) -> None:
    """Writes what keys have moved now. Where another was first, the number makes the transaction raise Conflict."""
    work.tx.write(
        INSERT_SPENDINGS,
        [
            (tenant_id, key_id, one.day, one.number + 1, msgspec.json.encode(one.totals).decode())
            for (tenant_id, key_id), one in sorted(spent.items(), key=lambda item: item[0])
        ],
    )


DELETE_OLD_SPENDINGS = """
with old as materialized (
    select tenant_id, key_id, day, number
      from key_spendings
     where cell = $1 and day < $2
     order by day
     limit $3
       for update skip locked
)
delete from key_spendings s
 using old
 where s.cell = $1 and s.tenant_id = old.tenant_id and s.key_id = old.key_id and s.day = old.day
   and s.number = old.number
returning s.number
"""


async def delete_old_spendings(database: Database, cell: int, before: date, limit: int) -> int:
    """Removes at most `limit` rows of days before `before`; how many there were."""
    return len(await database.rows(DELETE_OLD_SPENDINGS, cell, before, limit))
