"""GET /billing/accounts: accounts, newest first."""

from dues.db.database import Database
from dues.lists.listing import Query
from dues.lists.pages import find_page
from dues.resources.accounts.store import ACCOUNTS, account_of
from dues.resources.accounts.wire import AccountBody, account_body
from dues.resources.json_columns import to_rules


async def list_accounts(database: Database, tenant_id: int, query: Query) -> list[AccountBody]:
    """A page and, where there are more, one account of the next."""
    rows = await find_page(database, ACCOUNTS, tenant_id, query)
    return [account_body(account_of(row), to_rules(row["default_rules"])) for row in rows]
