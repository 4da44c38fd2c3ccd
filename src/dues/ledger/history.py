"""GET …/entries: the ledger of one balance, newest first."""

from dues.db.database import Database
from dues.domain.tenants import Tenant
from dues.ledger.store import list_entries
from dues.ledger.wire import EntryBody, entry_body


async def list_history(
    database: Database, tenant: Tenant, owner_id: str, before: int | None, limit: int
) -> list[tuple[int, EntryBody]]:
    """At most `limit` entries below number `before`, with their numbers."""
    entries = await list_entries(database, tenant, owner_id, before, limit)
    return [(entry.number, entry_body(entry)) for entry in entries]
