"""POST /billing/accounts: open accounts, each for a customer who exists or comes along."""

from collections.abc import Iterable, Sequence

from dues.domain.accounts import NewAccount, OpenedAccount, open_account
from dues.domain.customers import NewCustomer
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.ledger.store import insert_entries
from dues.resources.accounts import store
from dues.resources.accounts.wire import ShownAccount, account_json
from dues.resources.customers.store import insert_customer
from dues.resources.customers.wire import customer_json
from dues.work.work import Claim, Command, Request, Work


async def create_accounts(work: Work, requests: Sequence[Request[NewAccount]]) -> list[ShownAccount | Refusal]:
    """One answer per request: the new account, or why there is none."""
    found = await store.find_surroundings(work, requests)

    decided = [
        open_account(request.body, around.owner, work.cause(request))
        for request, around in zip(requests, found, strict=True)
    ]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request, outcome, around)
        for request, outcome, around in zip(requests, decided, found, strict=True)
    ]


def _write(work: Work, request: Request[NewAccount], opened: OpenedAccount, around: store.FoundAround) -> ShownAccount:
    account, customer = opened.account, opened.new_customer
    shown = ShownAccount(account.id, account_json(account, around.default_rules))
    store.insert_account(work, request.tenant_id, account)
    insert_entries(work, opened.entries)
    if customer:
        insert_customer(work, request.tenant_id, customer)
        shown_customer = customer_json(customer, around.customer_default_rules)
        insert_event(work, request.tenant_id, "customer.created", customer.id, shown_customer)
    insert_event(work, request.tenant_id, "account.created", account.id, shown.json)
    return shown


def _claims(request: Request[NewAccount]) -> Iterable[Claim]:
    yield "account", request.tenant_id, request.body.external_reference
    if isinstance(request.body.customer, NewCustomer):
        yield "customer", request.tenant_id, request.body.customer.external_reference


CREATE_ACCOUNTS = Command("accounts.create", create_accounts, _claims)
