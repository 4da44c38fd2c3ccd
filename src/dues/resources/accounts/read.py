"""GET /billing/accounts/{account}: one account, by id or by reference."""

from collections.abc import Iterable, Sequence

from dues.domain.refusals import Refusal
from dues.resources.accounts import store
from dues.resources.accounts.wire import ShownAccount, account_json
from dues.work.work import Claim, Command, Request, Work


async def read_accounts(work: Work, requests: Sequence[Request[str]]) -> list[ShownAccount | Refusal]:
    """One answer per request, whose body is the account's id or external reference."""
    found = await store.find_accounts(work, [(request.tenant_id, request.body) for request in requests])

    return [
        ShownAccount(pair[0].id, account_json(*pair))
        if pair
        else Refusal("account_not_found", f"There is no account {request.body!r}.")
        for request, pair in zip(requests, found, strict=True)
    ]


def _claims(_request: Request[str]) -> Iterable[Claim]:
    return ()


READ_ACCOUNTS = Command("accounts.read", read_accounts, _claims)
