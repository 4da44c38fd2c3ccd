"""Names: wherever an id is accepted so is the external reference, and the prefix decides which it is.

How objects that exist are found, and locked, is written here once for every kind: what keeps tenants apart within
a group, and what is read before and after a lock, must be the same for all of them.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.entries import Head
from dues.ledger.store import head_of, with_heads
from dues.work.work import Work

Found = TypeVar("Found")

Key = tuple[int, str]
"""(tenant_id, id). Never an id alone: a group has requests of many tenants, and one may name another's id."""


class SameObject(Exception):
    """Two requests of a group named one object in two ways, so no claim kept them apart. One by one, they will do."""


class Findable(Struct, Generic[Found], frozen=True):
    """Objects of one kind, whose ids begin with `prefix`: its statements, and how one is made of its row."""

    prefix: str
    find_ids: str
    """Gives tenant_id, external_reference and id for arrays of tenants and references."""
    find: str
    """Gives the rows, tenant_id and id among them, for arrays of tenants and ids."""
    lock: str
    """Locks the rows for arrays of tenants and ids, in the order of both, and gives tenant_id and id."""
    found: Callable[[Row, Head], Found]
    chained: bool = True
    """Whether it has entries in the ledger."""


async def find_named(work: Work, kind: Findable[Found], named: Sequence[Key]) -> list[Found | None]:
    """For each (tenant, id or reference), in order: the object, or None. Its head is not read."""
    keys = await find_keys(work, kind, named)
    found = await find_by_keys(work, kind, [key for key in keys if key])
    return [found.get(key) if key else None for key in keys]


async def find_by_keys(work: Work, kind: Findable[Found], keys: Sequence[Key]) -> dict[Key, Found]:
    """The objects with these (tenant, id), as far as they exist. Their heads are not read."""
    rows = await work.tx.find(kind.find, *zip(*keys, strict=True)) if keys else []
    return {_key(row): kind.found(row, Head()) for row in rows}


async def lock_named(work: Work, kind: Findable[Found], named: Sequence[Key]) -> list[Found | None]:
    """As find_named, held until the end of the transaction, with their heads. Raises SameObject."""
    keys = await find_keys(work, kind, named)
    known = [key for key in keys if key]
    if len(set(known)) < len(known):
        raise SameObject
    found = await lock_by_keys(work, kind, known)
    return [found.get(key) if key else None for key in keys]


async def lock_by_keys(work: Work, kind: Findable[Found], keys: Sequence[Key]) -> dict[Key, Found]:
    """As find_by_keys, held until the end of the transaction, with their heads.

    They are read in a statement of its own once they are locked: one that waited would still see, beside the new
    row, all else as it was before it waited.
    """
    locked = await work.tx.lock(kind.lock, *zip(*keys, strict=True)) if keys else []
    held = [_key(row) for row in locked]
    find = with_heads(kind.find) if kind.chained else kind.find
    rows = await work.tx.find(find, *zip(*held, strict=True)) if held else []
    return {_key(row): kind.found(row, head_of(row) if kind.chained else Head()) for row in rows}


async def find_keys(work: Work, kind: Findable[Found], named: Sequence[Key]) -> list[Key | None]:
    """The (tenant, id) of each (tenant, id or reference), in order; None where no object has the reference.

    An id is taken at its word; whether it exists in the tenant shows when the object is read.
    """
    references = [(tenant_id, name) for tenant_id, name in named if not name.startswith(kind.prefix)]
    found: dict[Key, str] = {}
    if references:
        rows = await work.tx.find(kind.find_ids, *zip(*references, strict=True))
        found = {(row["tenant_id"], row["external_reference"]): row["id"] for row in rows}
    keys: list[Key | None] = []
    for tenant_id, name in named:
        object_id = name if name.startswith(kind.prefix) else found.get((tenant_id, name))
        keys.append((tenant_id, object_id) if object_id else None)
    return keys


def _key(row: Row) -> Key:
    return row["tenant_id"], row["id"]
