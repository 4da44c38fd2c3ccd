"""The statements on it."""

from collections.abc import Mapping

import msgspec

from dues.db.database import Database
from dues.db.transaction import Row, Transaction
from dues.domain.tenants import Tenant

FIND_FILE_CONTEXT = """
select t.merchant_id, t.mode, t.clock_offset_seconds, t.identity_key, m.time_zone, m.file_settings
  from tenants t
  join merchants m on m.id = t.merchant_id
 where t.cell = $1 and t.id = $2
"""


async def find_file_context(database: Database, tenant: Tenant) -> Row:
    """What files of a tenant are made and read by: merchant_id, mode, clock_offset_seconds, identity_key, time_zone,
    file_settings (JSON)."""
    [row] = await database.rows(FIND_FILE_CONTEXT, *tenant)
    return row


SAVE_FILE_SETTINGS = """
update merchants set file_settings = coalesce(file_settings, '{}') || $2::jsonb where id = $1 returning id
"""


async def save_file_settings(tx: Transaction, merchant_id: str, said: Mapping[str, str]) -> None:
    """Sets some of what a merchant's files are read by, fields of FileSettings; the others stay."""
    await tx.lock(SAVE_FILE_SETTINGS, merchant_id, msgspec.json.encode(said).decode())
