"""POST /billing/bills: make bills, each for a customer or an account that exists or comes along."""

from collections.abc import Iterable, Sequence

from dues.domain.accounts import NewAccount
from dues.domain.bills import MadeBill, NewBill, make_bill
from dues.domain.customers import NewCustomer
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.resources.accounts.create import write_account
from dues.resources.bills import store
from dues.resources.bills.surroundings import FoundAround, find_surroundings
from dues.resources.bills.wire import bill_json
from dues.resources.changes import Shown
from dues.resources.customers.create import write_customer
from dues.work.work import Claim, Command, Request, Work


async def create_bills(work: Work, requests: Sequence[Request[NewBill]]) -> list[Shown | Refusal]:
    """One answer per request: the new bill, or why there is none (then nothing of it exists)."""
    found = await find_surroundings(work, requests)

    decided = [
        make_bill(request.body, around.owners, work.cause(request))
        for request, around in zip(requests, found, strict=True)
    ]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request.tenant_id, outcome, around)
        for request, outcome, around in zip(requests, decided, found, strict=True)
    ]


def _write(work: Work, tenant_id: int, made: MadeBill, around: FoundAround) -> Shown:
    bill, account, customer = made.bill, made.new_account, made.new_customer
    shown = Shown(bill.id, bill_json(bill, around.bill_rules))
    if customer:
        write_customer(work, tenant_id, customer, made.customer_entries, around.customer_rules)
    if account:
        write_account(work, tenant_id, account, made.account_entries, around.account_rules)
    store.insert_bill(work, tenant_id, bill)
    insert_event(work, tenant_id, "bill.created", bill.id, shown.json)
    return shown


def _claims(request: Request[NewBill]) -> Iterable[Claim]:
    bill = request.body
    yield "bill", request.tenant_id, bill.external_reference
    newcomer = bill.customer
    if isinstance(bill.account, NewAccount):
        yield "account", request.tenant_id, bill.account.external_reference
        newcomer = bill.account.customer
    if isinstance(newcomer, NewCustomer):
        yield "customer", request.tenant_id, newcomer.external_reference


CREATE_BILLS = Command("bills.create", create_bills, _claims)
