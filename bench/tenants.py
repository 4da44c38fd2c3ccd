"""Whose the rows are that the bench writes and reads by SQL: what leads every key of every table of tenants' data.

This is the one place that knows: every statement of the bench says `{columns}`, `{values}` and `{whose}`.
"""

from dataclasses import dataclass
from hashlib import sha256

import asyncpg


@dataclass(frozen=True)
class Tenant:
    """A tenant by the columns that lead its rows, with their values; the last of them is its id."""

    key: tuple[tuple[str, int], ...]

    @property
    def id(self) -> int:
        """What it is called in the ledger."""
        return self.key[-1][1]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, for COPY."""
        return tuple(name for name, _ in self.key)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Their values, for COPY."""
        return tuple(number for _, number in self.key)

    def sql(self, statement: str) -> str:
        """`statement` with the columns, their values, and what `where` has to say of them, for this tenant."""
        return (
            statement.replace("{columns}", ", ".join(self.names))
            .replace("{values}", ", ".join(str(number) for number in self.numbers))
            .replace("{whose}", " and ".join(f"{name} = {number}" for name, number in self.key))
        )


async def tenant_of(connection: "asyncpg.Connection[asyncpg.Record]", key: str) -> Tenant:
    """Whose key it is. A tenant's cell is in the directory, where the database has cells."""
    row = await connection.fetchrow(_TENANT_OF, sha256(key.encode()).digest())
    assert row is not None, "the key has just been made"
    cell = () if row["cell"] is None else (("cell", int(row["cell"])),)
    return Tenant((*cell, ("tenant_id", int(row["id"]))))


# By way of JSON, as a database from before there were cells has no such column.
_TENANT_OF = """
select t.id, to_jsonb(t) ->> 'cell' as cell
  from api_keys k join tenants t on t.id = k.tenant_id
 where k.sha256 = $1
"""
