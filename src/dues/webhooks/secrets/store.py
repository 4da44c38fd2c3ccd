"""The statements that encrypt what is stored already."""

from collections.abc import Sequence

from dues.db.database import Database
from dues.db.transaction import Row

DELETE_EXPIRED_SECRETS = """
update webhook_endpoints set old_secret = null, old_secret_until = null where cell = $1 and old_secret_until < now()
returning id
"""


async def delete_expired_secrets(database: Database, cell: int) -> None:
    """Forgets old secrets of a cell that sign no more. A test clock can only be ahead of the server's."""
    await database.rows(DELETE_EXPIRED_SECRETS, cell)


LIST_SECRETS = """
select tenant_id, id, secret, old_secret
  from webhook_endpoints
 where cell = $1 and (tenant_id, id) > ($2, $3)
 order by tenant_id, id
 limit $4
"""


async def list_secrets(database: Database, cell: int, after: tuple[int, str], limit: int) -> Sequence[Row]:
    """Secrets of a cell's endpoints as they are stored: tenant_id, id, secret, old_secret."""
    return await database.rows(LIST_SECRETS, cell, *after, limit)


SAVE_SECRETS = """
update webhook_endpoints set secret = $4, old_secret = $5
 where cell = $1 and tenant_id = $2 and id = $3 and secret = $6 and old_secret is not distinct from $7
returning id
"""


async def save_secrets(database: Database, cell: int, row: Row, secret: str, old_secret: str | None) -> bool:
    """Stores an endpoint's secrets otherwise; whether they still were those of the row."""
    stored = row["secret"], row["old_secret"]
    return bool(await database.rows(SAVE_SECRETS, cell, row["tenant_id"], row["id"], secret, old_secret, *stored))
