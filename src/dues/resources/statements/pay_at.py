"""Where what is owed on a statement can be paid: at a payment link that was named, and made by somebody before."""

from dues.commands.kind import find_id
from dues.db.transaction import Row
from dues.domain.payment_links import PaymentLink
from dues.domain.refusals import Refusal, not_found
from dues.resources.doing import Call
from dues.resources.payment_links.address import url_of
from dues.resources.payment_links.store import PAYMENT_LINK, find_link


async def find_payment_url(call: Call, owner: Row) -> str | Refusal | None:
    """The address of the link that is asked for; None: none is. `owner` is whose the statement is.

    Refuses one that is not there, is over, is somebody else's, or whose address cannot be told: a statement that says
    where to pay says so for as long as it can be paid there, and the same each time.
    """
    name = call.query.payment_link
    if name is None:
        return None
    link_id = await find_id(call.database, PAYMENT_LINK, call.tenant, name)
    link = await find_link(call.database, call.tenant, link_id) if link_id else None
    if link is None:
        return not_found("payment_link", name, "payment_link")
    if not _is_of(link, owner):
        return Refusal("owner_mismatch", f"The payment link {link.id} is for somebody else's debts.", "payment_link")
    if link.is_over(call.key.now()):
        return Refusal("payment_link_over", f"The payment link {link.id} takes no more payments.", "payment_link")
    url = url_of(call.outgoing, link)
    if url is None or not call.outgoing.public_url:
        missing = "DUES_SECRET_KEY lacks the key of it." if url is None else "DUES_PUBLIC_URL is not set."
        return Refusal("payment_link_unreadable", f"The address of {link.id} cannot be told: {missing}")
    return url


def _is_of(link: PaymentLink, owner: Row) -> bool:
    """Whether a link shows debts of the statement's, and nobody else's."""
    if link.customer_id != owner["id"]:
        return False
    return link.target != "account" or owner["account_id"] in (None, link.owner_id)
