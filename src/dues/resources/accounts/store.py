"""The statements on accounts."""

from collections.abc import Sequence

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.accounts import Account, NewAccount, Surroundings
from dues.domain.customers import NewCustomer
from dues.domain.payment_rules import PaymentRules
from dues.resources.json_columns import to_json, to_metadata, to_rules
from dues.work.work import Request, Work


class FoundAround(Struct, frozen=True):
    """What stands around a new account: for the decision, its owner; for the answer, the merchant's defaults."""

    owner: Surroundings
    default_rules: PaymentRules | None
    customer_default_rules: PaymentRules | None


FIND_SURROUNDINGS = """
select coalesce(by_id.id, by_reference.id) as customer_id, taken.id is not null as account_reference_taken,
       account_rules.payment_rules as default_rules, customer_rules.payment_rules as customer_default_rules
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       with ordinality as asked(tenant_id, customer_id, customer_reference, account_reference, currency,
                                customer_currency, position)
  left join customers by_id on by_id.tenant_id = asked.tenant_id and by_id.id = asked.customer_id
  left join customers by_reference
    on by_reference.tenant_id = asked.tenant_id and by_reference.external_reference = asked.customer_reference
  left join accounts taken
    on taken.tenant_id = asked.tenant_id and taken.external_reference = asked.account_reference
  left join default_payment_rules account_rules
    on account_rules.tenant_id = asked.tenant_id and account_rules.kind = 'account'
   and account_rules.currency = asked.currency
  left join default_payment_rules customer_rules
    on customer_rules.tenant_id = asked.tenant_id and customer_rules.kind = 'customer'
   and customer_rules.currency = asked.customer_currency
 order by asked.position
"""


async def find_surroundings(work: Work, requests: Sequence[Request[NewAccount]]) -> list[FoundAround]:
    """For each request, in order: its customer, whether its references are taken, the default rules."""
    asked = [_asked(request) for request in requests]
    rows = await work.tx.find(FIND_SURROUNDINGS, *zip(*asked, strict=True))
    return [
        FoundAround(
            Surroundings(row["customer_id"], row["account_reference_taken"]),
            to_rules(row["default_rules"]),
            to_rules(row["customer_default_rules"]),
        )
        for row in rows
    ]


def _asked(request: Request[NewAccount]) -> tuple[int, str | None, str | None, str, str | None, str | None]:
    """(tenant, customer's id, its reference, the account's reference, its currency, the new customer's currency)"""
    body = request.body
    if isinstance(body.customer, NewCustomer):
        named: tuple[str | None, str | None] = (None, body.customer.external_reference)
        currency = body.customer.currency
    else:
        named = (body.customer, None) if body.customer.startswith("bcus_") else (None, body.customer)
        currency = None
    return request.tenant_id, *named, body.external_reference, body.currency, currency


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
        work.now,
    )
    work.tx.insert(INSERT_ACCOUNTS, [row])


FIND_ACCOUNTS = """
select asked.position, a.id, a.external_reference, a.customer_id, a.name, a.currency, a.balance, a.payment_rules,
       a.metadata, rules.payment_rules as default_rules
  from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality
    as asked(tenant_id, id, external_reference, position)
  join lateral (
           select * from accounts by_id where by_id.tenant_id = asked.tenant_id and by_id.id = asked.id
            union all
           select * from accounts by_reference
            where by_reference.tenant_id = asked.tenant_id
              and by_reference.external_reference = asked.external_reference
       ) as a on true
  left join default_payment_rules rules
    on rules.tenant_id = asked.tenant_id and rules.kind = 'account' and rules.currency = a.currency
"""


async def find_accounts(
    work: Work, asked: Sequence[tuple[int, str]]
) -> list[tuple[Account, PaymentRules | None] | None]:
    """For each (tenant, id or reference), in order: the account and the default rules for it, or None."""
    tenants, names = zip(*asked, strict=True)
    ids = [name if name.startswith("bacc_") else None for name in names]
    references = [None if name.startswith("bacc_") else name for name in names]
    found: list[tuple[Account, PaymentRules | None] | None] = [None] * len(asked)
    for row in await work.tx.find(FIND_ACCOUNTS, tenants, ids, references):
        found[row["position"] - 1] = _account(row), to_rules(row["default_rules"])
    return found


def _account(row: Row) -> Account:
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
