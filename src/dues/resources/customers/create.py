"""POST /billing/customers: register customers."""

from collections.abc import Iterable, Sequence

from dues.domain.customers import Customer, NewCustomer, register_customer
from dues.domain.entries import Entry
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.ledger.store import insert_entries
from dues.resources.changes import Shown
from dues.resources.customers import store
from dues.resources.customers.wire import customer_json
from dues.work.work import Claim, Command, Request, Work


async def create_customers(work: Work, requests: Sequence[Request[NewCustomer]]) -> list[Shown | Refusal]:
    """One answer per request: the new customer, or why there is none."""
    found = await store.find_taken(work, requests)

    decided = [
        register_customer(request.body, reference_taken=taken, cause=work.cause(request))
        for request, (taken, _) in zip(requests, found, strict=True)
    ]

    return [
        outcome if isinstance(outcome, Refusal) else write_customer(work, request.tenant_id, *outcome, rules)
        for request, outcome, (_, rules) in zip(requests, decided, found, strict=True)
    ]


def write_customer(
    work: Work, tenant_id: int, customer: Customer, entries: Sequence[Entry], default_rules: PaymentRules | None
) -> Shown:
    """Writes a new customer with its entries and its event; how it is shown."""
    shown = Shown(customer.id, customer_json(customer, default_rules))
    store.insert_customer(work, tenant_id, customer)
    insert_entries(work, entries)
    insert_event(work, tenant_id, "customer.created", customer.id, shown.json)
    return shown


def _claims(request: Request[NewCustomer]) -> Iterable[Claim]:
    yield "customer", request.tenant_id, request.body.external_reference


CREATE_CUSTOMERS = Command("customers.create", create_customers, _claims)
