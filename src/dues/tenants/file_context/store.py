"""The statement on it."""

from dues.db.database import Database
from dues.db.transaction import Row
from dues.domain.tenants import Tenant

FIND_FILE_CONTEXT = """
select t.clock_offset_seconds, t.identity_key, m.time_zone, m.file_settings
  from tenants t
  join merchants m on m.id = t.merchant_id
 where t.cell = $1 and t.id = $2
"""


async def find_file_context(database: Database, tenant: Tenant) -> Row:
    """What files of a tenant are read by: clock_offset_seconds, identity_key, time_zone, file_settings (JSON)."""
    [row] = await database.rows(FIND_FILE_CONTEXT, *tenant)
    return row
