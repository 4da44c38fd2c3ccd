"""The statements on metadata_pairs."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import md5

from dues.work.work import Work

INSERT_PAIRS = """
insert into metadata_pairs (cell, tenant_id, pair, object_id)
select $1::integer, * from unnest($2::integer[], $3::bytea[], $4::text[])
"""

DELETE_PAIRS = """
delete from metadata_pairs p
 using unnest($2::integer[], $3::bytea[], $4::text[]) as gone(tenant_id, pair, object_id)
 where p.cell = $1 and p.tenant_id = gone.tenant_id and p.pair = gone.pair and p.object_id = gone.object_id
"""


def save_pairs(
    work: Work, tenant_id: int, object_id: str, old: dict[str, str] | None, new: dict[str, str] | None
) -> None:
    """Keeps the pairs of an object whose metadata goes from `old` to `new`."""
    if old == new:  # so it is of all that is paid
        return
    if not old:
        work.tx.write(INSERT_PAIRS, _rows(tenant_id, object_id, (new or {}).items()))
        return
    before, after = set(old.items()), set((new or {}).items())
    work.tx.write(DELETE_PAIRS, _rows(tenant_id, object_id, before - after))
    work.tx.write(INSERT_PAIRS, _rows(tenant_id, object_id, after - before))


@lru_cache(maxsize=4096)  # what is a branch or a due date is so of many
def pair_of(key: str, value: str) -> bytes:
    """What a key and its value are indexed by. No key contains U+0000, so no two pairs are written alike."""
    return md5(f"{key}\0{value}".encode(), usedforsecurity=False).digest()


def _rows(tenant_id: int, object_id: str, pairs: Iterable[tuple[str, str]]) -> list[tuple[object, ...]]:
    return [(tenant_id, pair_of(key, value), object_id) for key, value in sorted(pairs)]
