"""Saving: the statement that writes what has changed of objects, and its rows."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from dues.commands.columns import Column, arrays_of, cast_of, nothing, values_of


class Saving:
    """The saving of some `columns` of objects in a table."""

    def __init__(self, table: str, columns: Sequence[Column]) -> None:
        self._table, self.columns = table, columns
        self._row = values_of(columns)

    @cached_property
    def statement(self) -> str:
        """Writes them."""
        columns = [Column("id", "text", nothing, saved=False), *self.columns]
        names = ", ".join(column.name for column in columns)
        changed = ", ".join(f"{column.name} = new.{cast_of(column)}" for column in self.columns)
        return f"""
update {self._table} t
   set {changed}
  from unnest({arrays_of(columns)}) as new(tenant_id, {names})
 where t.cell = $1 and t.tenant_id = new.tenant_id and t.id = new.id
"""

    def row(self, tenant_id: int, changed: Any) -> tuple[object, ...]:
        """The row of an object."""
        return (tenant_id, changed.id, *self._row(changed))
