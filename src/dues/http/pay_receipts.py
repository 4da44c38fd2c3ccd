"""`/p/{token}/{checkout}.pdf`: the receipt of what was paid by a link, as a document."""

import asyncio

from msgspec import structs

from dues.http.accepting import PDF
from dues.http.context import Context
from dues.http.pay_answers import HEADERS, html
from dues.http.presenting import made
from dues.http.problems import Reply
from dues.pages.pay import Visit
from dues.pages.pay.ending import gone_page
from dues.pages.receipts.paper import receipt_name, receipt_paper
from dues.resources.checkouts.store import find_checkout
from dues.resources.payables.read import masked
from dues.resources.payment_links.owing import Opened
from dues.resources.payments.store import find_payment
from dues.resources.receipts.read import receipt_of
from dues.resources.receipts.wire import ReceiptBody


async def find_receipt(context: Context, opened: Opened, checkout_id: str) -> ReceiptBody | None:
    """The receipt of a checkout of the link's that was paid, with names as the link shows them."""
    database, tenant = context.lists.share_of(opened.payee.tenant.id), opened.payee.tenant
    checkout = await find_checkout(database, tenant, checkout_id)
    if checkout is None or checkout.payment_link_id != opened.link.id or checkout.payment_id is None:
        return None
    payment = await find_payment(database, tenant, checkout.payment_id)
    if payment is None:
        return None
    receipt = await receipt_of(database, opened.payee, payment)
    customer = receipt.customer
    if opened.link.show == "masked" and customer.name:
        customer = structs.replace(customer, name=masked(customer.name))
    # The page says whose it is by that name and the account alone.
    return structs.replace(receipt, customer=structs.replace(customer, external_reference=""))


async def receipt_document(context: Context, visit: Visit, opened: Opened) -> Reply:
    """The document, or that there is none."""
    receipt = await find_receipt(context, opened, visit.below.removesuffix(".pdf"))
    if receipt is None:
        return html(gone_page(visit), 404)
    paper = await asyncio.to_thread(receipt_paper, receipt, visit.language)
    document = await made(context.printer.print(paper))
    name = (b"content-disposition", f'inline; filename="{receipt_name(receipt)}.pdf"'.encode())
    return Reply(200, document, PDF.encode(), [*HEADERS, name])
