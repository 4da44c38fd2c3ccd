"""What stands around bills that are to be made: who they are for, and which references are taken."""

from collections.abc import Sequence

from msgspec import Struct

from dues.domain.accounts import NewAccount, Surroundings
from dues.domain.bills import BillSurroundings, NewBill, Owner
from dues.domain.customers import NewCustomer
from dues.domain.payment_rules import PaymentRules
from dues.resources.json_columns import to_rules
from dues.work.work import Request, Work


class FoundAround(Struct, frozen=True):
    """For the decision, the owners; for the answer and the events, the merchant's default rules."""

    owners: BillSurroundings
    bill_rules: PaymentRules | None
    account_rules: PaymentRules | None
    customer_rules: PaymentRules | None


FIND_BILL_SURROUNDINGS = """
select customer.id as customer_id, customer.currency as customer_currency,
       account.id as account_id, account.customer_id as account_customer_id, account.currency as account_currency,
       nested.id as nested_customer_id,
       taken_account.id is not null as account_reference_taken,
       taken_bill.id is not null as bill_reference_taken,
       bill_rules.payment_rules as bill_rules,
       account_rules.payment_rules as account_rules,
       customer_rules.payment_rules as customer_rules
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::text[], $12::text[])
       with ordinality
    as asked(tenant_id, customer_id, customer_reference, account_id, account_reference, nested_customer_id,
             nested_customer_reference, new_account_reference, bill_reference, bill_currency, account_currency,
             customer_currency, position)
  left join lateral (
           select c.id, c.currency from customers c
            where c.tenant_id = asked.tenant_id and c.id = asked.customer_id
            union all
           select c.id, c.currency from customers c
            where c.tenant_id = asked.tenant_id and c.external_reference = asked.customer_reference
       ) as customer on true
  left join lateral (
           select a.id, a.customer_id, a.currency from accounts a
            where a.tenant_id = asked.tenant_id and a.id = asked.account_id
            union all
           select a.id, a.customer_id, a.currency from accounts a
            where a.tenant_id = asked.tenant_id and a.external_reference = asked.account_reference
       ) as account on true
  left join lateral (
           select c.id from customers c
            where c.tenant_id = asked.tenant_id and c.id = asked.nested_customer_id
            union all
           select c.id from customers c
            where c.tenant_id = asked.tenant_id and c.external_reference = asked.nested_customer_reference
       ) as nested on true
  left join accounts taken_account
    on taken_account.tenant_id = asked.tenant_id and taken_account.external_reference = asked.new_account_reference
  left join bills taken_bill
    on taken_bill.tenant_id = asked.tenant_id and taken_bill.external_reference = asked.bill_reference
  left join default_payment_rules bill_rules
    on bill_rules.tenant_id = asked.tenant_id and bill_rules.kind = 'bill'
   and bill_rules.currency = asked.bill_currency
  left join default_payment_rules account_rules
    on account_rules.tenant_id = asked.tenant_id and account_rules.kind = 'account'
   and account_rules.currency = asked.account_currency
  left join default_payment_rules customer_rules
    on customer_rules.tenant_id = asked.tenant_id and customer_rules.kind = 'customer'
   and customer_rules.currency = asked.customer_currency
 order by asked.position
"""


async def find_surroundings(work: Work, requests: Sequence[Request[NewBill]]) -> list[FoundAround]:
    """For each request, in order: its customer, its account, what is taken, the default rules."""
    asked = [_asked(request) for request in requests]
    return [
        FoundAround(
            BillSurroundings(
                customer=Owner(row["customer_id"], row["customer_currency"]) if row["customer_id"] else None,
                account=Owner(row["account_customer_id"], row["account_currency"], row["account_id"])
                if row["account_id"]
                else None,
                new_account=Surroundings(row["nested_customer_id"], row["account_reference_taken"]),
                reference_taken=row["bill_reference_taken"],
            ),
            to_rules(row["bill_rules"]),
            to_rules(row["account_rules"]),
            to_rules(row["customer_rules"]),
        )
        for row in await work.tx.find(FIND_BILL_SURROUNDINGS, *zip(*asked, strict=True))
    ]


def _asked(request: Request[NewBill]) -> tuple[object, ...]:
    bill = request.body
    new_account = bill.account if isinstance(bill.account, NewAccount) else None
    existing_account = bill.account if isinstance(bill.account, str) else None
    newcomer = new_account.customer if new_account else bill.customer
    return (
        request.tenant_id,
        *_named(bill.customer, "bcus_"),
        *_named(existing_account, "bacc_"),
        *_named(new_account.customer if new_account else None, "bcus_"),
        new_account.external_reference if new_account else None,
        bill.external_reference,
        bill.currency,
        new_account.currency if new_account else None,
        newcomer.currency if isinstance(newcomer, NewCustomer) else None,
    )


def _named(who: str | NewCustomer | None, prefix: str) -> tuple[str | None, str | None]:
    """(id, reference) to look for: of the existing one, or of whoever has a new customer's reference already."""
    if isinstance(who, NewCustomer):
        return None, who.external_reference
    if who is None or not who.startswith(prefix):
        return None, who
    return who, None
