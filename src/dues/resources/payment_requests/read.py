"""GET /collect/payment_requests, and of one: each with its URL while it is active."""

import msgspec
from msgspec import structs

from dues.commands.kind import find_id
from dues.domain.payment_requests import PaymentRequest
from dues.domain.refusals import Refusal, not_found
from dues.lists.finding import find
from dues.lists.paging import PageBody, page_of
from dues.resources.doing import Call, Lists
from dues.resources.payment_links.address import url_of
from dues.resources.payment_links.store import find_link
from dues.resources.payment_requests.store import PAYMENT_REQUEST, PAYMENT_REQUESTS, find_request
from dues.resources.payment_requests.wire import PaymentRequestBody, payment_request_body


async def read_payment_request(call: Call) -> bytes | Refusal:
    """One request."""
    request_id = await find_id(call.database, PAYMENT_REQUEST, call.tenant, call.name)
    request = await find_request(call.database, call.tenant, request_id) if request_id else None
    if request is None:
        return not_found("payment_request", call.name)
    return msgspec.json.encode(await _shown(call, request))


async def _shown(call: Call, request: PaymentRequest) -> PaymentRequestBody:
    now = call.key.now()
    active = request.status_at(now) == "active"
    link = await find_link(call.database, call.tenant, request.payment_link_id) if active else None
    if link is not None and link.is_gone(now):
        # Its page was withdrawn by itself: nobody can pay it any more.
        request = structs.replace(request, status="expired")
    return payment_request_body(request, now, url_of(call.outgoing, link) if link else None)


async def _page(call: Call) -> PageBody:
    rows = await find(call.database, PAYMENT_REQUESTS, call.tenant, call.query, call.key.today)
    requests = [(place, PAYMENT_REQUEST.of_row(row).of) for place, row in rows]
    shown = [(place, await _shown(call, request)) for place, request in requests]
    return page_of(call.query, call.tenant, PAYMENT_REQUESTS.name, shown)


LIST_PAYMENT_REQUESTS = Lists(_page, PaymentRequestBody, "payment_requests")
