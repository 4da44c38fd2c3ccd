"""PATCH /billing/bills/{bill}: the new total of what was paid, metadata; nothing else of a bill changes."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.bills import Bill, BillChanges, update_bill
from dues.domain.entries import Entry
from dues.domain.etags import refuse_stale
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.ledger.store import insert_entries
from dues.resources.bills import store
from dues.resources.bills.wire import bill_json
from dues.resources.changes import Change, Shown, claims_object
from dues.work.work import Claim, Command, Request, Work


async def update_bills(work: Work, requests: Sequence[Request[Change[BillChanges]]]) -> list[Shown | Refusal]:
    """One answer per request: the bill as it is then, or why it stays as it is."""
    found = await store.lock_bills(work, [(request.tenant_id, request.body.name) for request in requests])

    decided = [_decide(work, request, one) for request, one in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else write_bill(work, request.tenant_id, *outcome)
        for request, outcome in zip(requests, decided, strict=True)
    ]


def _decide(
    work: Work, request: Request[Change[BillChanges]], found: store.FoundBill | None
) -> tuple[Bill, Bill, Sequence[Entry], PaymentRules | None] | Refusal:
    if found is None:
        return Refusal("bill_not_found", f"There is no bill {request.body.name!r}.")
    if stale := refuse_stale(request.body.if_match, partial(bill_json, found.bill, found.default_rules)):
        return stale
    outcome = update_bill(found.bill, request.body.changes, found.default_rules, found.head, work.cause(request))
    if isinstance(outcome, Refusal):
        return outcome
    new, entries = outcome
    return found.bill, new, entries, found.default_rules


def write_bill(
    work: Work, tenant_id: int, old: Bill, new: Bill, entries: Sequence[Entry], default_rules: PaymentRules | None
) -> Shown:
    """Writes what became of a locked bill, if anything did; how it is shown now."""
    shown = Shown(new.id, bill_json(new, default_rules))
    if new != old:
        store.save_bill(work, tenant_id, old, new)
        insert_entries(work, entries)
        insert_event(work, tenant_id, "bill.updated", new.id, shown.json)
        if new.status == "paid" != old.status:
            insert_event(work, tenant_id, "bill.paid", new.id, shown.json)
    return shown


def _claims(request: Request[Change[BillChanges]]) -> Iterable[Claim]:
    return claims_object("bill", request)


UPDATE_BILLS = Command("bills.update", update_bills, _claims)
