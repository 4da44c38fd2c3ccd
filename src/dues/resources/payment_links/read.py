"""GET /billing/payment_links, and of one: each with its URL."""

import msgspec

from dues.commands.kind import find_id
from dues.domain.refusals import Refusal, not_found
from dues.lists.finding import find
from dues.lists.paging import PageBody, page_of
from dues.resources.doing import Call, Lists
from dues.resources.payment_links.address import url_of
from dues.resources.payment_links.store import PAYMENT_LINK, PAYMENT_LINKS, find_link
from dues.resources.payment_links.wire import PaymentLinkBody, payment_link_body


async def read_payment_link(call: Call) -> bytes | Refusal:
    """One link."""
    link_id = await find_id(call.database, PAYMENT_LINK, call.tenant, call.name)
    link = await find_link(call.database, call.tenant, link_id) if link_id else None
    if link is None:
        return not_found("payment_link", call.name)
    return msgspec.json.encode(payment_link_body(link, url_of(call.outgoing, link)))


async def _page(call: Call) -> PageBody:
    rows = await find(call.database, PAYMENT_LINKS, call.tenant, call.query, call.key.today)
    links = [(place, PAYMENT_LINK.of_row(row).of) for place, row in rows]
    shown = [(place, payment_link_body(link, url_of(call.outgoing, link))) for place, link in links]
    return page_of(call.query, call.tenant, PAYMENT_LINKS.name, shown)


LIST_PAYMENT_LINKS = Lists(_page, PaymentLinkBody)
