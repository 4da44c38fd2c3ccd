"""The statements on accounts."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.accounts import Account
from dues.domain.entries import Head
from dues.domain.payment_rules import PaymentRules
from dues.lists.listing import CUSTOMER_NAMED, Listing
from dues.metadata.store import save_pairs
from dues.resources.json_columns import to_json, to_metadata, to_rules
from dues.resources.names import Findable, Key, find_named, lock_named
from dues.work.work import Work

INSERT_ACCOUNTS = """
insert into accounts (tenant_id, id, external_reference, customer_id, name, currency, balance, payment_rules,
                      metadata, created_at)
select tenant_id, id, external_reference, customer_id, name, currency, balance, payment_rules::jsonb,
       metadata::jsonb, created_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
              $9::text[], $10::timestamptz[])
    as a(tenant_id, id, external_reference, customer_id, name, currency, balance, payment_rules, metadata,
         created_at)
"""


def insert_account(work: Work, tenant_id: int, account: Account) -> None:
    """Writes a new account. A reference taken meanwhile makes the transaction raise Conflict."""
    row = (
        tenant_id,
        account.id,
        account.external_reference,
        account.customer_id,
        account.name,
        account.currency,
        account.balance,
        to_json(account.payment_rules),
        to_json(account.metadata),
        work.now_of(tenant_id),
    )
    work.tx.write(INSERT_ACCOUNTS, [row])
    save_pairs(work, tenant_id, account.id, None, account.metadata)


SAVE_ACCOUNTS = """
update accounts a
   set name = new.name, currency = new.currency, balance = new.balance, payment_rules = new.payment_rules::jsonb,
       metadata = new.metadata::jsonb
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
    as new(tenant_id, id, name, currency, balance, payment_rules, metadata)
 where a.tenant_id = new.tenant_id and a.id = new.id
"""


def save_account(work: Work, tenant_id: int, old: Account, new: Account) -> None:
    """Writes what may change of an account that is locked."""
    row = (
        tenant_id,
        new.id,
        new.name,
        new.currency,
        new.balance,
        to_json(new.payment_rules),
        to_json(new.metadata),
    )
    work.tx.write(SAVE_ACCOUNTS, [row])
    save_pairs(work, tenant_id, new.id, old.metadata, new.metadata)


class FoundAccount(Struct, frozen=True):
    """An account, the default rules for it, and where its chain of entries ends."""

    account: Account
    default_rules: PaymentRules | None
    head: Head


# The rules are a subquery: as a join, all of a tenant's may be read for the few that are shown.
_COLUMNS: Final = """
       a.id, a.external_reference, a.customer_id, a.name, a.currency, a.balance, a.payment_rules, a.metadata,
       (select rules.payment_rules from default_payment_rules rules
         where rules.tenant_id = a.tenant_id and rules.kind = 'account' and rules.currency = a.currency
       ) as default_rules
"""

FIND_ACCOUNT_IDS = """
select asked.tenant_id, asked.external_reference, a.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, external_reference)
  join accounts a on a.tenant_id = asked.tenant_id and a.external_reference = asked.external_reference
"""

FIND_ACCOUNTS = f"""
select a.tenant_id, {_COLUMNS}
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join accounts a on a.tenant_id = asked.tenant_id and a.id = asked.id
"""

LOCK_ACCOUNTS = """
select a.tenant_id, a.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join accounts a on a.tenant_id = asked.tenant_id and a.id = asked.id
 order by a.tenant_id, a.id
   for no key update of a
"""


async def find_accounts(work: Work, named: Sequence[Key]) -> list[FoundAccount | None]:
    """For each (tenant, id or reference), in order: the account, or None. Its head is not read."""
    return await find_named(work, ACCOUNT, named)


async def lock_accounts(work: Work, named: Sequence[Key]) -> list[FoundAccount | None]:
    """As find_accounts, held until the end of the transaction, with their heads. Raises SameObject."""
    return await lock_named(work, ACCOUNT, named)


ACCOUNTS = Listing(
    name="accounts",
    prefix="bacc_",
    columns=_COLUMNS,
    table="accounts a",
    alias="a",
    filters={
        "external_reference": "a.external_reference = {}",
        "customer": "a.customer_id = {}",
        "currency": "a.currency = {}",
    },
    named={"customer": CUSTOMER_NAMED},
)


def _found(row: Row, head: Head) -> FoundAccount:
    return FoundAccount(account_of(row), to_rules(row["default_rules"]), head)


ACCOUNT: Final = Findable("bacc_", FIND_ACCOUNT_IDS, FIND_ACCOUNTS, LOCK_ACCOUNTS, _found)


def account_of(row: Row) -> Account:
    """An account from its row."""
    return Account(
        id=row["id"],
        external_reference=row["external_reference"],
        customer_id=row["customer_id"],
        name=row["name"],
        currency=row["currency"],
        balance=row["balance"],
        payment_rules=to_rules(row["payment_rules"]),
        metadata=to_metadata(row["metadata"]),
    )
