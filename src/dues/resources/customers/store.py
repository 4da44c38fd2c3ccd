"""The statements on customers."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dues.db.transaction import Row
from dues.domain.customers import Customer, NewCustomer
from dues.domain.entries import Head
from dues.domain.payment_rules import PaymentRules
from dues.lists.listing import Listing
from dues.metadata.store import save_pairs
from dues.resources.json_columns import to_json, to_metadata, to_rules
from dues.resources.names import Findable, Key, find_named, lock_named
from dues.work.work import Request, Work


class FoundCustomer(Struct, frozen=True):
    """A customer, the default rules for it, and where its chain of entries ends."""

    customer: Customer
    default_rules: PaymentRules | None
    head: Head


FIND_TAKEN = """
select existing.id is not null as reference_taken, rules.payment_rules as default_rules
  from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality
    as asked(tenant_id, external_reference, currency, position)
  left join customers existing
    on existing.tenant_id = asked.tenant_id and existing.external_reference = asked.external_reference
  left join default_payment_rules rules
    on rules.tenant_id = asked.tenant_id and rules.kind = 'customer' and rules.currency = asked.currency
 order by asked.position
"""


async def find_taken(work: Work, requests: Sequence[Request[NewCustomer]]) -> list[tuple[bool, PaymentRules | None]]:
    """For each request, in order: whether its reference is taken, and the default rules for its currency."""
    asked = [(request.tenant_id, request.body.external_reference, request.body.currency) for request in requests]
    rows = await work.tx.find(FIND_TAKEN, *zip(*asked, strict=True))
    return [(row["reference_taken"], to_rules(row["default_rules"])) for row in rows]


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
        work.now_of(tenant_id),
    )
    work.tx.write(INSERT_CUSTOMERS, [row])
    save_pairs(work, tenant_id, customer.id, None, customer.metadata)


SAVE_CUSTOMERS = """
update customers c
   set name = new.name, email = new.email, phone = new.phone, currency = new.currency, balance = new.balance,
       payment_rules = new.payment_rules::jsonb, metadata = new.metadata::jsonb
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
              $9::text[])
    as new(tenant_id, id, name, email, phone, currency, balance, payment_rules, metadata)
 where c.tenant_id = new.tenant_id and c.id = new.id
"""


def save_customer(work: Work, tenant_id: int, old: Customer, new: Customer) -> None:
    """Writes what may change of a customer that is locked."""
    row = (
        tenant_id,
        new.id,
        new.name,
        new.email,
        new.phone,
        new.currency,
        new.balance,
        to_json(new.payment_rules),
        to_json(new.metadata),
    )
    work.tx.write(SAVE_CUSTOMERS, [row])
    save_pairs(work, tenant_id, new.id, old.metadata, new.metadata)


# The rules are a subquery: as a join, all of a tenant's may be read for the few that are shown.
_COLUMNS: Final = """
       c.id, c.external_reference, c.name, c.email, c.phone, c.currency, c.balance, c.payment_rules, c.metadata,
       (select rules.payment_rules from default_payment_rules rules
         where rules.tenant_id = c.tenant_id and rules.kind = 'customer' and rules.currency = c.currency
       ) as default_rules
"""

FIND_CUSTOMER_IDS = """
select asked.tenant_id, asked.external_reference, c.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, external_reference)
  join customers c on c.tenant_id = asked.tenant_id and c.external_reference = asked.external_reference
"""

FIND_CUSTOMERS = f"""
select c.tenant_id, {_COLUMNS}
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join customers c on c.tenant_id = asked.tenant_id and c.id = asked.id
"""

LOCK_CUSTOMERS = """
select c.tenant_id, c.id
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, id)
  join customers c on c.tenant_id = asked.tenant_id and c.id = asked.id
 order by c.tenant_id, c.id
   for no key update of c
"""


async def find_customers(work: Work, named: Sequence[Key]) -> list[FoundCustomer | None]:
    """For each (tenant, id or reference), in order: the customer, or None. Its head is not read."""
    return await find_named(work, CUSTOMER, named)


async def lock_customers(work: Work, named: Sequence[Key]) -> list[FoundCustomer | None]:
    """As find_customers, held until the end of the transaction, with their heads. Raises SameObject."""
    return await lock_named(work, CUSTOMER, named)


CUSTOMERS = Listing(
    name="customers",
    prefix="bcus_",
    columns=_COLUMNS,
    table="customers c",
    alias="c",
    filters={"external_reference": "c.external_reference = {}", "currency": "c.currency = {}"},
)


def _found(row: Row, head: Head) -> FoundCustomer:
    return FoundCustomer(customer_of(row), to_rules(row["default_rules"]), head)


CUSTOMER: Final = Findable("bcus_", FIND_CUSTOMER_IDS, FIND_CUSTOMERS, LOCK_CUSTOMERS, _found)


def customer_of(row: Row) -> Customer:
    """A customer from its row."""
    return Customer(
        id=row["id"],
        external_reference=row["external_reference"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        currency=row["currency"],
        balance=row["balance"],
        payment_rules=to_rules(row["payment_rules"]),
        metadata=to_metadata(row["metadata"]),
    )
