"""PATCH /billing/customers/{customer}: change what is sent, clear what is null, leave the rest."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.customers import Customer, CustomerChanges, update_customer
from dues.domain.entries import Entry
from dues.domain.etags import refuse_stale
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.ledger.store import insert_entries
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.customers import store
from dues.resources.customers.wire import customer_json
from dues.tenants.store import find_default_rules
from dues.work.work import Claim, Command, Request, Work


async def update_customers(work: Work, requests: Sequence[Request[Change[CustomerChanges]]]) -> list[Shown | Refusal]:
    """One answer per request: the customer as it is then, or why it stays as it is."""
    found = await store.lock_customers(work, [(request.tenant_id, request.body.name) for request in requests])
    named = [(request.tenant_id, request.body.changes.currency) for request in requests]
    rules = await find_default_rules(work, "customer", named)

    decided = [_decide(work, request, one) for request, one in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request, outcome, rules)
        for request, outcome in zip(requests, decided, strict=True)
    ]


Updated = tuple[store.FoundCustomer, Customer, Sequence[Entry]]
"""What was found, what became of it, and the entries of that."""


def _decide(
    work: Work, request: Request[Change[CustomerChanges]], found: store.FoundCustomer | None
) -> Updated | Refusal:
    if found is None:
        return Refusal("customer_not_found", f"There is no customer {request.body.name!r}.")
    if stale := refuse_stale(request.body.if_match, partial(customer_json, found.customer, found.default_rules)):
        return stale
    outcome = update_customer(found.customer, request.body.changes, found.head, work.cause(request))
    return outcome if isinstance(outcome, Refusal) else (found, *outcome)


def _write(
    work: Work,
    request: Request[Change[CustomerChanges]],
    updated: Updated,
    rules: dict[tuple[int, str], PaymentRules],
) -> Shown:
    found, customer, entries = updated
    default_rules = found.default_rules
    if customer.currency != found.customer.currency:
        default_rules = rules.get((request.tenant_id, customer.currency or ""))
    return write_customer(work, request.tenant_id, found.customer, customer, entries, default_rules)


def write_customer(
    work: Work,
    tenant_id: int,
    old: Customer,
    new: Customer,
    entries: Sequence[Entry],
    default_rules: PaymentRules | None,
) -> Shown:
    """Writes what became of a locked customer, if anything did; how it is shown now."""
    shown = Shown(new.id, customer_json(new, default_rules))
    if new != old:
        store.save_customer(work, tenant_id, old, new)
        insert_entries(work, entries)
        insert_event(work, tenant_id, "customer.updated", new.id, shown.json)
    return shown


def _claims(request: Request[Change[CustomerChanges]]) -> Iterable[Claim]:
    return claims_object("customer", request)


UPDATE_CUSTOMERS = Command("customers.update", update_customers, _claims)
