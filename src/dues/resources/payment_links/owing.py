"""What a payment link shows: who it is, and what is open of what it is for."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dues.db.database import Database
from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.obligations import Payable, payable
from dues.domain.payment_links import PaymentLink, tenant_of
from dues.domain.records import Record
from dues.resources.payment_links.store import (
    find_account,
    find_customer,
    find_link_by_token,
    list_open_bills,
)
from dues.tenants.payees.store import Payee, find_payee

BILLS_MAX: Final = 100
"""As many as one payment may name. The oldest are shown; when they are paid, the next are."""


class Opened(Struct, frozen=True):
    """A link that leads somewhere, and whose it is."""

    payee: Payee
    link: PaymentLink


class Owing(Struct, frozen=True):
    """What is open in one currency: bills, the oldest due first, and what is owed on the balance beside them."""

    currency: str
    bills: Sequence[Record[Bill]]
    owner: Record[Account] | Record[Customer] | None
    """Whose balance is beside them: where that is in this currency and may be shown."""
    fixed: int = 0
    """So much is to be paid, whatever is owed; zero: that is not said."""

    @property
    def balance(self) -> int:
        """What is owed on the balance; negative: so much is in credit."""
        return (self.owner.of.balance or 0) if self.owner else 0

    @property
    def total(self) -> int:
        """All that can be paid of it as it is owed; what is in credit is not taken off."""
        return sum(bill.of.amount_remaining for bill in self.bills) + max(0, self.balance)

    @property
    def payable(self) -> Payable:
        """The smallest and the largest amount that its parts take, together and alone."""
        parts = [(payable(bill), bill.of.amount_remaining) for bill in self.bills]
        if self.owner:
            own = payable(self.owner)
            parts.append((own, own.largest))
        possible = [(part.smallest, min(part.largest, most)) for part, most in parts if part.refusal is None]
        if not possible:
            return parts[0][0] if parts else Payable()
        return Payable(min(smallest for smallest, _ in possible), sum(largest for _, largest in possible))


class Shown(Struct, frozen=True):
    """All that the page shows."""

    opened: Opened
    customer_name: str | None
    account_name: str | None
    reference: str
    """What the merchant knows it by: the account's or the customer's reference."""
    owing: Sequence[Owing]
    is_whole: bool


async def open_link(database: Database, token: str) -> Opened | None:
    """The link that a token opens, if it is one that is in force."""
    number = tenant_of(token)
    payee = await find_payee(database, number) if number is not None else None
    link = await find_link_by_token(database, payee.tenant, token) if payee else None
    if payee is None or link is None or link.is_gone(payee.now()):
        return None
    return Opened(payee, link)


async def find_shown(database: Database, opened: Opened) -> Shown:
    """What it shows."""
    tenant, link = opened.payee.tenant, opened.link
    customer = await find_customer(database, tenant, link.customer_id)
    account = await find_account(database, tenant, link.owner_id) if link.target == "account" else None
    owner: Record[Account] | Record[Customer] | None = None if link.target == "bills" else account or customer
    bills = await list_open_bills(database, tenant, link, BILLS_MAX + 1)
    by_currency: dict[str, list[Record[Bill]]] = {}
    for bill in bills[:BILLS_MAX]:
        by_currency.setdefault(bill.of.currency, []).append(bill)
    own = owner.of.currency if owner and owner.of.balance else None
    if own is not None:
        by_currency.setdefault(own, [])
    if link.request_id and link.currency is not None and link.target != "bills":
        by_currency.setdefault(link.currency, [])
    return Shown(
        opened=opened,
        customer_name=customer.of.name,
        account_name=account.of.external_reference if account else None,
        reference=(account or customer).of.external_reference,
        owing=[
            Owing(currency, found, owner if currency == own else None, _fixed(link, currency))
            for currency, found in by_currency.items()
        ],
        is_whole=len(bills) <= BILLS_MAX,
    )


def _fixed(link: PaymentLink, currency: str) -> int:
    return (link.amount or 0) if link.request_id and link.currency == currency else 0
