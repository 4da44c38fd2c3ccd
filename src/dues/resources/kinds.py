"""Every kind of object that commands make and change.

They are locked and written in this order: from the owner down, and what only records last.
"""

from collections.abc import Mapping
from typing import Any, Final

from dues.commands.kind import Kind
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.store import BILL
from dues.resources.checkouts.store import CHECKOUT
from dues.resources.credits.store import CREDIT
from dues.resources.customers.store import CUSTOMER
from dues.resources.mails.store import MAIL
from dues.resources.payment_links.store import PAYMENT_LINK
from dues.resources.payment_requests.store import PAYMENT_REQUEST
from dues.resources.payments.store import PAYMENT
from dues.resources.refunds.store import REFUND

KINDS: Final[Mapping[type, Kind[Any]]] = {
    kind.shape: kind
    for kind in (CUSTOMER, ACCOUNT, BILL, PAYMENT, CREDIT, REFUND, PAYMENT_LINK, CHECKOUT, PAYMENT_REQUEST, MAIL)
}
