"""GET /billing/customers: customers, newest first."""

from dues.db.database import Database
from dues.lists.listing import Query
from dues.lists.pages import find_page
from dues.resources.customers.store import CUSTOMERS, customer_of
from dues.resources.customers.wire import CustomerBody, customer_body
from dues.resources.json_columns import to_rules


async def list_customers(database: Database, tenant_id: int, query: Query) -> list[CustomerBody]:
    """A page and, where there are more, one customer of the next."""
    rows = await find_page(database, CUSTOMERS, tenant_id, query)
    return [customer_body(customer_of(row), to_rules(row["default_rules"])) for row in rows]
