"""GET /billing/customers/{customer}/entries: whose ledger it is that is asked for."""

from dues.resources.customers import store
from dues.work.work import Work


async def find_customer_id(work: Work, tenant_id: int, name: str) -> str | None:
    """The id of the customer with this id or reference; None where there is none."""
    [found] = await store.find_customers(work, [(tenant_id, name)])
    return found.customer.id if found else None
