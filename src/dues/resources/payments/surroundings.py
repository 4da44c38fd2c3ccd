"""What stands around payments that come in: what they are for, the bills they may be spread over, what is taken."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from dues.domain.allocation import BILLS_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.obligations import Obligation
from dues.domain.payment_rules import Kind
from dues.domain.payments import PaymentSurroundings
from dues.resources.accounts.store import ACCOUNT, FoundAccount
from dues.resources.bills.store import BILL, FoundBill
from dues.resources.changes import Conditional
from dues.resources.customers.store import CUSTOMER, FoundCustomer
from dues.resources.names import Findable, Key, SameObject, find_by_keys, find_keys, lock_by_keys
from dues.work.work import Request, Work

_FINDABLE: Final[dict[Kind, Findable[Any]]] = {"customer": CUSTOMER, "account": ACCOUNT, "bill": BILL}
"""In the order in which they are locked, always: from the owner down."""

_OPEN_BILLS: Final = """
select asked.position, b.id
  from unnest($1::bigint[], $2::text[], $3::text[]) with ordinality
    as asked(tenant_id, owner_id, currency, position)
 cross join lateral (
           select * from bills b
            where b.tenant_id = asked.tenant_id and b.{owner} = asked.owner_id and b.currency = asked.currency
              and b.status = 'unpaid'
            order by b.due_on, b.bill_on, b.id
            limit $4
       ) as b
 order by asked.position, b.due_on, b.bill_on, b.id
"""

FIND_OPEN_BILLS_OF_CUSTOMERS = _OPEN_BILLS.format(owner="customer_id")
FIND_OPEN_BILLS_OF_ACCOUNTS = _OPEN_BILLS.format(owner="account_id")


async def find_surroundings(
    work: Work, requests: Sequence[Request[Conditional[NewPayment]]], *, hold: bool
) -> list[PaymentSurroundings]:
    """For each request, in order. `hold`: all that they may change is locked, and SameObject raised if that meets."""
    wanted = [(request.tenant_id, request.body.new) for request in requests]
    customers = await _find(work, "customer", [_named(t, [new.customer]) for t, new in wanted], hold)
    accounts = await _find(work, "account", [_named(t, [new.account]) for t, new in wanted], hold)
    payers = [next(iter([*one, *other]), None) for one, other in zip(customers, accounts, strict=True)]

    named = [_named(t, [new.bill, *(part.bill for part in new.parts or ())]) for t, new in wanted]
    for position, ids in (await _find_open_bills(work, wanted, payers)).items():
        named[position] = _named(wanted[position][0], ids)
    bills = await _find(work, "bill", named, hold)

    # Last: whoever waited for a bill that the same payment has paid meanwhile must hear of that payment, and not that
    # nothing is outstanding.
    taken = await _find_taken(work, [(tenant_id, new.external_reference) for tenant_id, new in wanted])
    return [
        PaymentSurroundings(
            target=payer if new.bill is None else of_it[0],
            reference_taken=(tenant_id, new.external_reference) in taken,
            bills=of_it,
        )
        for (tenant_id, new), payer, of_it in zip(wanted, payers, bills, strict=True)
    ]


async def lock_obligations(work: Work, wanted: Sequence[Sequence[Key]]) -> list[list[Obligation]]:
    """For each request, in order, the bills, accounts and customers with these (tenant, id), all of which exist."""
    everything = [key for keys in wanted for key in keys]
    if len(set(everything)) < len(everything):
        raise SameObject
    found: dict[Key, Obligation] = {}
    for kind in _FINDABLE.values():
        keys = sorted(key for key in everything if key[1].startswith(kind.prefix))
        found |= {key: _obligation(one) for key, one in (await lock_by_keys(work, kind, keys)).items()}
    return [[found[key] for key in keys] for keys in wanted]


def _named(tenant_id: int, names: Iterable[str | None]) -> list[Key]:
    return [(tenant_id, name) for name in names if name is not None]


async def _find(work: Work, kind: Kind, named: Sequence[Sequence[Key]], hold: bool) -> list[list[Obligation | None]]:
    """For each request, in order, what it names; None for what does not exist."""
    flat = [name for names in named for name in names]
    if not flat:
        return [[] for _ in named]
    keys = iter(await find_keys(work, _FINDABLE[kind], flat))
    of_each = [[next(keys) for _ in names] for names in named]
    sets = [{key for key in some if key} for some in of_each]
    everything = set[Key]().union(*sets)
    if hold and len(everything) < sum(map(len, sets)):
        raise SameObject
    find = lock_by_keys if hold else find_by_keys
    found = await find(work, _FINDABLE[kind], sorted(everything))
    return [[_obligation(found[key]) if key in found else None for key in some] for some in of_each]


def _obligation(found: FoundCustomer | FoundAccount | FoundBill) -> Obligation:
    match found:
        case FoundCustomer():
            return Obligation(found.customer, found.default_rules, found.head)
        case FoundAccount():
            return Obligation(found.account, found.default_rules, found.head)
        case FoundBill():
            return Obligation(found.bill, found.default_rules, found.head)


async def _find_open_bills(
    work: Work, wanted: Sequence[tuple[int, NewPayment]], payers: Sequence[Obligation | None]
) -> dict[int, list[str]]:
    """The ids of the open bills of whoever pays the oldest first, by the request's position; one more than allowed.

    Their owner is locked already, so no other payment is spread over them meanwhile.
    """
    found: dict[int, list[str]] = {}
    for kind, statement in (("customer", FIND_OPEN_BILLS_OF_CUSTOMERS), ("account", FIND_OPEN_BILLS_OF_ACCOUNTS)):
        asked = [
            (position, tenant_id, owed.of.id, new.currency)
            for position, ((tenant_id, new), owed) in enumerate(zip(wanted, payers, strict=True))
            if owed and owed.kind == kind and new.allocation is not None
        ]
        if asked:
            positions, *columns = zip(*asked, strict=True)
            for row in await work.tx.find(statement, *columns, BILLS_MAX + 1):
                found.setdefault(positions[row["position"] - 1], []).append(row["id"])
    return found


FIND_TAKEN_PAYMENT_REFERENCES = """
select p.tenant_id, p.external_reference
  from unnest($1::bigint[], $2::text[]) as asked(tenant_id, external_reference)
  join payments p on p.tenant_id = asked.tenant_id and p.external_reference = asked.external_reference
"""


async def _find_taken(work: Work, references: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those (tenant, reference) that a payment has already."""
    rows = await work.tx.find(FIND_TAKEN_PAYMENT_REFERENCES, *zip(*references, strict=True))
    return {(row["tenant_id"], row["external_reference"]) for row in rows}
