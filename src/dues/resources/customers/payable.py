"""GET /billing/customers/{customer}/payable: what can be paid of customers just now, or why nothing can."""

from collections.abc import Iterable, Sequence

from dues.domain.obligations import Obligation
from dues.domain.refusals import Refusal
from dues.resources.changes import Look, Shown
from dues.resources.customers import store
from dues.resources.payables import show_payables
from dues.work.work import Claim, Command, Request, Work


async def show_payable_customers(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request."""
    found = await store.find_customers(work, [(request.tenant_id, request.body.name) for request in requests])

    owed = [Obligation(one.customer, one.default_rules) if one else None for one in found]

    return await show_payables(work, requests, "customer", owed)


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


SHOW_PAYABLE_CUSTOMERS = Command("customers.payable", show_payable_customers, _claims)
