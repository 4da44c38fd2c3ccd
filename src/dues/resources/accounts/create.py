"""POST /billing/accounts: open accounts, each for a customer who exists or comes along."""

from collections.abc import Iterable, Sequence

from dues.domain.accounts import Account, NewAccount, OpenedAccount, open_account
from dues.domain.customers import NewCustomer
from dues.domain.entries import Entry
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.ledger.store import insert_entries
from dues.resources.accounts import store
from dues.resources.accounts.surroundings import FoundAround, find_surroundings
from dues.resources.accounts.wire import account_json
from dues.resources.changes import Shown
from dues.resources.customers.create import write_customer
from dues.work.work import Claim, Command, Request, Work


async def create_accounts(work: Work, requests: Sequence[Request[NewAccount]]) -> list[Shown | Refusal]:
    """One answer per request: the new account, or why there is none (then no customer came along either)."""
    found = await find_surroundings(work, requests)

    decided = [
        open_account(request.body, around.owner, work.cause(request))
        for request, around in zip(requests, found, strict=True)
    ]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, outcome, around)
        for request, outcome, around in zip(requests, decided, found, strict=True)
    ]


def _write(work: Work, tenant_id: int, opened: OpenedAccount, around: FoundAround) -> Shown:
    if opened.new_customer:
        write_customer(work, tenant_id, opened.new_customer, opened.customer_entries, around.customer_default_rules)
    return write_account(work, tenant_id, opened.account, opened.entries, around.default_rules)


def write_account(
    work: Work, tenant_id: int, account: Account, entries: Sequence[Entry], default_rules: PaymentRules | None
) -> Shown:
    """Writes a new account with its entries and its event; how it is shown."""
    shown = Shown(account.id, account_json(account, default_rules))
    store.insert_account(work, tenant_id, account)
    insert_entries(work, entries)
    insert_event(work, tenant_id, "account.created", account.id, shown.json)
    return shown


def _claims(request: Request[NewAccount]) -> Iterable[Claim]:
    yield "account", request.tenant_id, request.body.external_reference
    if isinstance(request.body.customer, NewCustomer):
        yield "customer", request.tenant_id, request.body.customer.external_reference


CREATE_ACCOUNTS = Command("accounts.create", create_accounts, _claims)
