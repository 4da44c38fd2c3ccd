"""GET /billing/accounts/{account}/payable: what can be paid of accounts just now, or why nothing can."""

from collections.abc import Iterable, Sequence

from dues.domain.obligations import Obligation
from dues.domain.refusals import Refusal
from dues.resources.accounts import store
from dues.resources.changes import Look, Shown
from dues.resources.payables import show_payables
from dues.work.work import Claim, Command, Request, Work


async def show_payable_accounts(work: Work, requests: Sequence[Request[Look]]) -> list[Shown | Refusal]:
    """One answer per request."""
    found = await store.find_accounts(work, [(request.tenant_id, request.body.name) for request in requests])

    owed = [Obligation(one.account, one.default_rules) if one else None for one in found]

    return await show_payables(work, requests, "account", owed)


def _claims(_request: Request[Look]) -> Iterable[Claim]:
    return ()


SHOW_PAYABLE_ACCOUNTS = Command("accounts.payable", show_payable_accounts, _claims)
