"""Payment links as they are kept, found and listed; and what is open of those whom they are for."""

from collections.abc import Sequence
from typing import Any, Final

from dues.commands.kind import Kind
from dues.db.database import Database
from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.payment_links import PaymentLink, sha256_of
from dues.domain.records import Change, Record
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.lists.listing import CUSTOMER_NAMED, Listing
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.store import BILL
from dues.resources.customers.store import CUSTOMER
from dues.resources.payment_links.wire import payment_link_body


def _event_types(change: Change[PaymentLink]) -> Sequence[EventType]:
    if change.before is None:
        return ("payment_link.created",)
    if change.after.of.payments != change.before.of.payments:
        return ("payment_link.paid",)
    if change.after.of.withdrawn_at == change.before.of.withdrawn_at and change.after.of != change.before.of:
        return ("payment_link.updated",)
    return ("payment_link.withdrawn",)


PAYMENT_LINK: Final = Kind(
    PaymentLink,
    noun="payment_link",
    prefix="plk_",
    table="pay_links",
    saved=("amount", "expires_at", "withdrawn_at", "payments"),
    renamed={"bills": "bill_ids", "payments": "payment_count"},
    computed={"metadata": "null", "created_at": "t.created_at"},
    show=lambda record: payment_link_body(record.of),
    event_types=_event_types,
    belongs_by="customer_id",
    has_balance=False,
    has_ledger=False,
)

PAYMENT_LINKS: Final = Listing(
    name="payment links",
    prefix=PAYMENT_LINK.prefix,
    columns=PAYMENT_LINK.selected,
    table="pay_links t",
    filters={"customer": "t.customer_id = {}", "external_reference": "t.external_reference = {}"},
    named={"customer": CUSTOMER_NAMED},
)

FIND_LINK_BY_TOKEN: Final = f"""
select {PAYMENT_LINK.selected} from pay_links t where t.cell = $1 and t.tenant_id = $2 and t.token_sha256 = $3
"""


async def find_link_by_token(database: Database, tenant: Tenant, token: str) -> PaymentLink | None:
    """The link with this token, over or not."""
    row = await database.row(FIND_LINK_BY_TOKEN, *tenant, sha256_of(token))
    return PAYMENT_LINK.of_row(row).of if row else None


def _by_id(kind: Kind[Any]) -> str:
    return f"select {kind.selected} from {kind.table} t where t.cell = $1 and t.tenant_id = $2 and t.id = $3"


FIND_LINK: Final = _by_id(PAYMENT_LINK)

FIND_LINKED_CUSTOMER: Final = _by_id(CUSTOMER)

FIND_LINKED_ACCOUNT: Final = _by_id(ACCOUNT)


async def find_link(database: Database, tenant: Tenant, link_id: str) -> PaymentLink | None:
    """The link with this id."""
    row = await database.row(FIND_LINK, *tenant, link_id)
    return PAYMENT_LINK.of_row(row).of if row else None


async def find_customer(database: Database, tenant: Tenant, customer_id: str) -> Record[Customer]:
    """A customer who is there."""
    [row] = await database.rows(FIND_LINKED_CUSTOMER, *tenant, customer_id)
    return CUSTOMER.of_row(row)


async def find_account(database: Database, tenant: Tenant, account_id: str) -> Record[Account]:
    """An account that is there."""
    [row] = await database.rows(FIND_LINKED_ACCOUNT, *tenant, account_id)
    return ACCOUNT.of_row(row)


def _open_bills(owner: str) -> str:
    return f"""
select {BILL.selected}
  from bills t
 where t.cell = $1 and t.tenant_id = $2 and t.{owner}_id = $3 and t.status = 'unpaid'
 order by t.currency, t.due_on, t.bill_on, t.id
 limit $4
"""


LIST_OPEN_BILLS_OF_CUSTOMER: Final = _open_bills("customer")

LIST_OPEN_BILLS_OF_ACCOUNT: Final = _open_bills("account")

LIST_LINKED_BILLS: Final = f"""
select {BILL.selected}
  from bills t
 where t.cell = $1 and t.tenant_id = $2 and t.id = any($3::text[])
 order by t.currency, t.due_on, t.bill_on, t.id
"""


async def list_open_bills(database: Database, tenant: Tenant, link: PaymentLink, limit: int) -> list[Record[Bill]]:
    """The unpaid bills that a link shows, by currency, the oldest due first; at most `limit`."""
    if link.bills is not None:
        rows = await database.rows(LIST_LINKED_BILLS, *tenant, link.bills.ids)
        return [bill for bill in map(BILL.of_row, rows) if bill.of.status == "unpaid"][:limit]
    of_account = link.target == "account"
    statement = LIST_OPEN_BILLS_OF_ACCOUNT if of_account else LIST_OPEN_BILLS_OF_CUSTOMER
    return [BILL.of_row(row) for row in await database.rows(statement, *tenant, link.owner_id, limit)]


async def list_bills(database: Database, tenant: Tenant, ids: Sequence[str]) -> list[Record[Bill]]:
    """These bills, as they are now."""
    return [BILL.of_row(row) for row in await database.rows(LIST_LINKED_BILLS, *tenant, list(ids))]
