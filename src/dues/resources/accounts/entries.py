"""GET /billing/accounts/{account}/entries: whose ledger it is that is asked for."""

from dues.resources.accounts import store
from dues.work.work import Work


async def find_account_id(work: Work, tenant_id: int, name: str) -> str | None:
    """The id of the account with this id or reference; None where there is none."""
    [found] = await store.find_accounts(work, [(tenant_id, name)])
    return found.account.id if found else None
