"""Names: wherever an id is accepted so is the external reference, and the prefix decides which it is."""

from collections.abc import Sequence

from dues.work.work import Work

Key = tuple[int, str]
"""(tenant_id, id). Never an id alone: a group has requests of many tenants, and one may name another's id."""


async def find_keys(work: Work, statement: str, prefix: str, named: Sequence[Key]) -> list[Key | None]:
    """The (tenant, id) of each (tenant, id or reference), in order; None where no object has the reference.

    An id is taken at its word; whether it exists in the tenant is for whoever reads the object. `statement` gives
    tenant_id, external_reference and id for arrays of tenants and references.
    """
    references = [(tenant_id, name) for tenant_id, name in named if not name.startswith(prefix)]
    found: dict[Key, str] = {}
    if references:
        rows = await work.tx.find(statement, *zip(*references, strict=True))
        found = {(row["tenant_id"], row["external_reference"]): row["id"] for row in rows}
    keys: list[Key | None] = []
    for tenant_id, name in named:
        object_id = name if name.startswith(prefix) else found.get((tenant_id, name))
        keys.append((tenant_id, object_id) if object_id else None)
    return keys
