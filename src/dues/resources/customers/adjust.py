"""POST /billing/customers/{customer}/adjustments: a signed delta to a balance, safe beside any other."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.adjustments import NewAdjustment, adjust
from dues.domain.etags import refuse_stale
from dues.domain.refusals import Refusal
from dues.ledger.wire import entry_json
from dues.resources.changes import Change, Shown, claims_object
from dues.resources.customers import store
from dues.resources.customers.update import Updated, write_customer
from dues.resources.customers.wire import customer_json
from dues.work.work import Claim, Command, Request, Work


async def adjust_customers(work: Work, requests: Sequence[Request[Change[NewAdjustment]]]) -> list[Shown | Refusal]:
    """One answer per request: the new entry of the ledger, or why there is none."""
    found = await store.lock_customers(work, [(request.tenant_id, request.body.name) for request in requests])

    decided = [_decide(work, request, one) for request, one in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, outcome)
        for request, outcome in zip(requests, decided, strict=True)
    ]


def _decide(
    work: Work, request: Request[Change[NewAdjustment]], found: store.FoundCustomer | None
) -> Updated | Refusal:
    if found is None:
        return Refusal("customer_not_found", f"There is no customer {request.body.name!r}.")
    if stale := refuse_stale(request.body.if_match, partial(customer_json, found.customer, found.default_rules)):
        return stale
    outcome = adjust(found.customer, request.body.changes, found.head, work.cause(request))
    return outcome if isinstance(outcome, Refusal) else (found, *outcome)


def _write(work: Work, tenant_id: int, adjusted: Updated) -> Shown:
    found, customer, entries = adjusted
    write_customer(work, tenant_id, found.customer, customer, entries, found.default_rules)
    return Shown(entries[0].id, entry_json(entries[0]))


def _claims(request: Request[Change[NewAdjustment]]) -> Iterable[Claim]:
    return claims_object("customer", request)


ADJUST_CUSTOMERS = Command("customers.adjust", adjust_customers, _claims)
