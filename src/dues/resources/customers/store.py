"""The statements on customers."""

from dues.domain.customers import Customer
from dues.resources.json_columns import to_json
from dues.work.work import Work

INSERT_CUSTOMERS = """
insert into customers (tenant_id, id, external_reference, name, email, phone, currency, balance, payment_rules,
                       metadata, created_at)
select tenant_id, id, external_reference, name, email, phone, currency, balance, payment_rules::jsonb,
       metadata::jsonb, created_at
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
              $9::text[], $10::text[], $11::timestamptz[])
    as c(tenant_id, id, external_reference, name, email, phone, currency, balance, payment_rules, metadata,
         created_at)
"""


def insert_customer(work: Work, tenant_id: int, customer: Customer) -> None:
    """Writes a new customer. A reference taken meanwhile makes the transaction raise Conflict."""
    row = (
        tenant_id,
        customer.id,
        customer.external_reference,
        customer.name,
        customer.email,
        customer.phone,
        customer.currency,
        customer.balance,
        to_json(customer.payment_rules),
        to_json(customer.metadata),
        work.now,
    )
    work.tx.insert(INSERT_CUSTOMERS, [row])
