"""What every table of tenants' data begins with, and what every statement on one says of it: in this one place."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, ForeignKeyConstraint, Integer, and_, bindparam
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Maps Python's types onto the schema's."""

    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
    }


CELL = 1
"""A server as it comes has one cell; this version knows no other."""


class OfTenant(Base):
    """A table of tenants' data."""

    __abstract__ = True

    cell: Mapped[int] = mapped_column(Integer, primary_key=True, default=CELL)
    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)


KEY = ("cell", "tenant_id")
"""What leads every key of these tables."""


def whose(table: type[OfTenant]) -> ColumnElement[bool]:
    """That a row is the calling tenant's, who is bound as `tenant_id`."""
    return and_(table.cell == CELL, table.tenant_id == bindparam("tenant_id"))


def identity(tenant_id: int, **rest: object) -> dict[str, object]:
    """The primary key of a row."""
    return {"cell": CELL, "tenant_id": tenant_id, **rest}


def reference(column: str, table: str) -> ForeignKeyConstraint:
    """That `column` is the id of a row of `table`, of the same tenant."""
    return ForeignKeyConstraint([*KEY, column], [*(f"{table}.{name}" for name in KEY), f"{table}.id"])
