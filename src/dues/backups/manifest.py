"""The manifest of a backup: of what version it is, and what proves that all of it is there.

A backup is a ZIP file: a member for each table, which has its rows as COPY writes them, one with the head of every
ledger, and at its end the manifest. What ZIP files are found by comes last in them, so one that was cut off has none.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct

FORMAT: Final = 1
"""Raised by whoever writes what a dues of before would read wrongly."""

MANIFEST: Final = "manifest.json"

HEADS: Final = "heads"


def member_of(table: str) -> str:
    """The name of a table's member."""
    return f"tables/{table}"


class BackupError(Exception):
    """A backup cannot be written, or is none that can be restored. The message says why."""


class Member(Struct, frozen=True):
    """What is in a member before it is compressed: so many lines and bytes. `columns` of a table, in their order."""

    rows: int
    bytes: int
    sha256: str
    columns: list[str] = []


class Total(Struct, frozen=True):
    """What all entries of the ledger in a currency come to, in minor units."""

    currency: str
    entries: int
    amount: int


class Manifest(Struct, frozen=True):
    """What a backup holds. `heads`: a line for each ledger: tenant, owner, and number, balance and hash of its last."""

    format: int
    dues: str
    postgresql: str
    taken_at: datetime
    migrations: list[str]
    tables: dict[str, Member]
    heads: Member
    totals: list[Total]
    event_position: int

    @property
    def schema(self) -> str:
        """Its newest migration."""
        return max(self.migrations)

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(table.rows for table in self.tables.values())
