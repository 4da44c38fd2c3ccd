"""PATCH /billing/accounts/{account}: change what is sent, clear what is null, leave the rest."""

from collections.abc import Iterable, Sequence
from functools import partial

from dues.domain.accounts import Account, AccountChanges, update_account
from dues.domain.entries import Entry
from dues.domain.etags import refuse_stale
from dues.domain.payment_rules import PaymentRules
from dues.domain.refusals import Refusal
from dues.events.store import insert_event
from dues.ledger.store import insert_entries
from dues.resources.accounts import store
from dues.resources.accounts.wire import account_json
from dues.resources.changes import Change, Shown, claims_object
from dues.tenants.store import find_default_rules
from dues.work.work import Claim, Command, Request, Work


async def update_accounts(work: Work, requests: Sequence[Request[Change[AccountChanges]]]) -> list[Shown | Refusal]:
    """One answer per request: the account as it is then, or why it stays as it is."""
    found = await store.lock_accounts(work, [(request.tenant_id, request.body.name) for request in requests])
    named = [(request.tenant_id, request.body.changes.currency) for request in requests]
    rules = await find_default_rules(work, "account", named)

    decided = [_decide(work, request, one) for request, one in zip(requests, found, strict=True)]

    return [
        outcome if isinstance(outcome, Refusal) else _write(work, request, outcome, rules)
        for request, outcome in zip(requests, decided, strict=True)
    ]


Updated = tuple[store.FoundAccount, Account, Sequence[Entry]]
"""What was found, what became of it, and the entries of that."""


def _decide(
    work: Work, request: Request[Change[AccountChanges]], found: store.FoundAccount | None
) -> Updated | Refusal:
    if found is None:
        return Refusal("account_not_found", f"There is no account {request.body.name!r}.")
    if stale := refuse_stale(request.body.if_match, partial(account_json, found.account, found.default_rules)):
        return stale
    outcome = update_account(found.account, request.body.changes, found.head, work.cause(request))
    return outcome if isinstance(outcome, Refusal) else (found, *outcome)


def _write(
    work: Work,
    request: Request[Change[AccountChanges]],
    updated: Updated,
    rules: dict[tuple[int, str], PaymentRules],
) -> Shown:
    found, account, entries = updated
    default_rules = found.default_rules
    if account.currency != found.account.currency:
        default_rules = rules.get((request.tenant_id, account.currency or ""))
    return write_account(work, request.tenant_id, found.account, account, entries, default_rules)


def write_account(
    work: Work,
    tenant_id: int,
    old: Account,
    new: Account,
    entries: Sequence[Entry],
    default_rules: PaymentRules | None,
) -> Shown:
    """Writes what became of a locked account, if anything did; how it is shown now."""
    shown = Shown(new.id, account_json(new, default_rules))
    if new != old:
        store.save_account(work, tenant_id, old, new)
        insert_entries(work, entries)
        insert_event(work, tenant_id, "account.updated", new.id, shown.json)
    return shown


def _claims(request: Request[Change[AccountChanges]]) -> Iterable[Claim]:
    return claims_object("account", request)


UPDATE_ACCOUNTS = Command("accounts.update", update_accounts, _claims)
