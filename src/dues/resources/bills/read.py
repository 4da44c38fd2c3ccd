"""GET /billing/bills/{bill}: one bill, by id or by reference."""

from collections.abc import Iterable, Sequence

from dues.domain.refusals import Refusal
from dues.resources.bills import store
from dues.resources.bills.wire import bill_json
from dues.resources.changes import Look, Shown
from dues.work.work import Claim, Command, Request, Work


async def read_bills(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request."""
    found = await store.find_bills(work, [(request.tenant_id, request.body.name) for request in requests])

    return [
        Shown(one.bill.id, bill_json(one.bill, one.default_rules))
        if one
        else Refusal("bill_not_found", f"There is no bill {request.body.name!r}.")
        for request, one in zip(requests, found, strict=True)
    ]


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_BILLS = Command("bills.read", read_bills, _claims)
