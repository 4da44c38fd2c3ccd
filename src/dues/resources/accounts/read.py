"""GET /billing/accounts/{account}: one account, by id or reference, as it is or with the balance of ?as_of=."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from dues.domain.refusals import Refusal
from dues.ledger.store import find_balances_at
from dues.resources.accounts import store
from dues.resources.accounts.wire import account_json
from dues.resources.changes import Look, Shown
from dues.tenants.store import find_default_rules
from dues.work.work import Claim, Command, Request, Work


async def read_accounts(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request. A balance at a time is what the ledger had by then."""
    found = await store.find_accounts(work, [(request.tenant_id, request.body.name) for request in requests])
    past = [
        (request.tenant_id, one.account.id, request.body.as_of)
        for request, one in zip(requests, found, strict=True)
        if one and request.body.as_of
    ]
    balances = await find_balances_at(work, past)
    currencies = [(tenant_id, currency) for (tenant_id, _, _), (currency, _) in zip(past, balances, strict=True)]
    rules = await find_default_rules(work, "account", currencies)
    then = iter(balances)

    answers: list[Shown | Refusal] = []
    for request, one in zip(requests, found, strict=True):
        if one is None:
            answers.append(Refusal("account_not_found", f"There is no account {request.body.name!r}."))
            continue
        account, default_rules = one.account, one.default_rules
        if request.body.as_of:
            currency, balance = next(then)
            default_rules = rules.get((request.tenant_id, currency or ""))
            account = structs.replace(account, currency=currency or account.currency, balance=balance)
        answers.append(Shown(account.id, account_json(account, default_rules)))
    return answers


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_ACCOUNTS = Command("accounts.read", read_accounts, _claims)
