"""GET /billing/accounts/{account}: one account, by id or reference, as it is or with the balance of ?as_of=."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from dues.domain.refusals import Refusal
from dues.ledger.store import find_balances_at
from dues.resources.accounts import store
from dues.resources.accounts.wire import account_json
from dues.resources.changes import Look, Shown
from dues.work.work import Claim, Command, Request, Work


async def read_accounts(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request. A balance at a time is what the ledger had by then."""
    found = await store.find_accounts(work, [(request.tenant_id, request.body.name) for request in requests])
    past = [
        (request.tenant_id, one.account.id, request.body.as_of)
        for request, one in zip(requests, found, strict=True)
        if one and request.body.as_of
    ]
    then = iter(await find_balances_at(work, past))

    answers: list[Shown | Refusal] = []
    for request, one in zip(requests, found, strict=True):
        if one is None:
            answers.append(Refusal("account_not_found", f"There is no account {request.body.name!r}."))
            continue
        account = one.account
        if request.body.as_of:
            currency, balance = next(then)
            account = structs.replace(account, currency=currency or account.currency, balance=balance)
        answers.append(Shown(account.id, account_json(account, one.default_rules)))
    return answers


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


READ_ACCOUNTS = Command("accounts.read", read_accounts, _claims)
