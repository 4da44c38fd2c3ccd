"""POST /billing/bills/{bill}/void: end bills of which nothing was paid, for good."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.bills import Bill, void_bill
from dues.domain.etags import refuse_stale
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.resources.bills import store
from dues.resources.bills.wire import bill_json
from dues.resources.changes import Change, Shown, claims_object
from dues.work.work import Claim, Command, Request, Work


async def void_bills(work: Work, requests: Sequence[Request[Change[None]]]) -> list[Shown | Refusal]:
    """One answer per request: the voided bill, or why it stays as it is."""
    found = await store.lock_bills(work, [(request.tenant_id, request.body.name) for request in requests])

    decided = [_decide(request, one) for request, one in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, *outcome)
        for request, outcome in zip(requests, decided, strict=True)
    ]


def _decide(request: Request[Change[None]], found: store.FoundBill | None) -> tuple[store.FoundBill, Bill] | Refusal:
    if found is None:
        return Refusal("bill_not_found", f"There is no bill {request.body.name!r}.")
    if stale := refuse_stale(request.body.if_match, partial(bill_json, found.bill, found.default_rules)):
        return stale
    outcome = void_bill(found.bill)
    return outcome if isinstance(outcome, Refusal) else (found, outcome)


def _write(work: Work, tenant_id: int, found: store.FoundBill, voided: Bill) -> Shown:
    shown = Shown(voided.id, bill_json(voided, found.default_rules))
    store.save_bill(work, tenant_id, found.bill, voided)
    insert_event(work, tenant_id, "bill.voided", voided.id, shown.json)
    return shown


def _claims(request: Request[Change[None]]) -> Iterable[Claim]:
    return claims_object("bill", request)


VOID_BILLS = Command("bills.void", void_bills, _claims)
