"""What stands around accounts that are to be opened: their customers, and which references are taken."""

from collections.abc import Sequence

from msgspec import Struct

from dues.domain.accounts import NewAccount, Surroundings
from dues.domain.customers import NewCustomer
from dues.domain.payment_rules import PaymentRules
from dues.resources.json_columns import to_rules
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
