"""GET /billing/payments/{payment}: one payment, by id or by reference."""

from collections.abc import Iterable, Sequence

from dues.domain.refusals import Refusal
from dues.resources.changes import Look, Shown
from dues.resources.payments import store
from dues.resources.payments.wire import payment_json
from dues.work.work import Claim, Command, Request, Work


async def read_payments(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request."""
    found = await store.find_payments(work, [(request.tenant_id, request.body.name) for request in requests])

    return [
        Shown(one.id, payment_json(one))
        if one
        else Refusal("payment_not_found", f"There is no payment {request.body.name!r}.")
        for request, one in zip(requests, found, strict=True)
    ]


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_PAYMENTS = Command("payments.read", read_payments, _claims)
