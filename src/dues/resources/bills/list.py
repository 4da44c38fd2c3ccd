"""GET /billing/bills: bills, newest first."""

from dues.db.database import Database
from dues.lists.listing import Query
from dues.lists.pages import find_page
from dues.resources.bills.store import BILLS, bill_of
from dues.resources.bills.wire import BillBody, bill_body
from dues.resources.json_columns import to_rules


async def list_bills(database: Database, tenant_id: int, query: Query) -> list[BillBody]:
    """A page and, where there are more, one bill of the next."""
    rows = await find_page(database, BILLS, tenant_id, query)
    return [bill_body(bill_of(row), to_rules(row["default_rules"])) for row in rows]
