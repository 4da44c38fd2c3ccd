"""The statement that says when keys were used."""

from collections.abc import Sequence
from datetime import datetime

from dues.db.database import Database
from dues.tenants.store import lock_merchants

LOCK_DUE_KEYS = """
select k.tenant_id, k.id, used.at + t.clock_offset_seconds * interval '1 second' as at
  from unnest($1::integer[], $2::text[], $3::timestamptz[]) as used(tenant_id, id, at)
  join api_keys k on k.tenant_id = used.tenant_id and k.id = used.id
  join tenants t on t.id = k.tenant_id
 where k.last_used_at is null
    or k.last_used_at <= used.at + t.clock_offset_seconds * interval '1 second' - interval '1 minute'
   for no key update of k skip locked
"""
"""A key that somebody else is writing at this moment needs no second hand."""

SAVE_KEY_USES = """
update api_keys k
   set last_used_at = due.at
  from unnest($1::integer[], $2::text[], $3::timestamptz[]) as due(tenant_id, id, at)
 where k.tenant_id = due.tenant_id and k.id = due.id
"""


async def save_key_uses(database: Database, keys: Sequence[tuple[int, str]], at: Sequence[datetime]) -> None:
    """Says when keys were used, by their tenants' time; of those of which that was said in the last minute, not."""
    tenant_ids, key_ids = zip(*keys, strict=True)
    async with database.transaction() as tx:
        if tx.is_spread:
            await lock_merchants(tx)
        if due := await tx.lock(LOCK_DUE_KEYS, tenant_ids, key_ids, at):
            await tx.lock(SAVE_KEY_USES, *zip(*(row.values() for row in due), strict=True))
        await tx.commit()
