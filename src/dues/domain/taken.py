"""Taken references: what has one already, and in what a request for another of that name differs from it.

Whoever sends something again, under another key or after a day, is told whether it is there, and whether it is what
was meant.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import structs

from dues.domain.lookup import Lookup
from dues.domain.refusals import Existing, Refusal

_AMOUNTS: Final = {"customer": "balance", "account": "balance", "bill": "amount_due"}
"""What the amount of an object is called, where that is not its name."""

_NOUNS: Final = {"represents": "payment"}
"""What a member names, where it is not called so itself."""

_NOT_KEPT: Final = frozenset({"external_reference", "allocation", "rest", "type"})
"""What says nothing of what there is: the reference is the same, how a payment was to be spread is not kept, and there
is one type of payment request."""


def refuse_taken(noun: str, new: Any, lookup: Lookup, pointer: str = "") -> Refusal | None:
    """Refuses what is `new` where another of this kind has its reference, and tells of that one.

    `pointer` is where `new` stands in the body that it came in.
    """
    taken = lookup.find_taken(noun, new.external_reference)
    if taken is None:
        return None
    there = taken.record.of
    return Refusal(
        "external_reference_taken",
        f"Another {noun} already has the external_reference {new.external_reference!r}.",
        f"{pointer}/external_reference",
        existing=Existing(
            id=there.id,
            created_at=taken.created_at,
            status=getattr(there, "status", None),
            amount=getattr(there, _AMOUNTS.get(noun, "amount")),
            currency=there.currency,
        ),
        differs=tuple(_differing(new, there, lookup)),
    )


def _differing(new: Any, there: Any, lookup: Lookup) -> Iterator[str]:
    """The members that were sent and are others there. What was not sent is no other."""
    named = _named(there)
    for name, sent in structs.asdict(new).items():
        if sent is None or name in _NOT_KEPT:
            continue
        if name in named:
            # One that comes along as an object is new, so it is another than any that is there.
            same = isinstance(sent, str) and lookup.find_id(_NOUNS.get(name, name), sent) == named[name]
        elif name == "parts":
            same = {lookup.find_id("bill", part.bill): part.amount for part in sent} == _applied_to_bills(there)
        elif name in ("bill", "bills") and there.noun in ("payment_link", "payment_request"):
            bills = [lookup.find_id("bill", each) for each in ([sent] if name == "bill" else sent)]
            same = bills == (there.bills.ids if there.bills else [])
        else:
            same = getattr(there, name, None) == (None if sent == {} else sent)
        if not same:
            yield name


def _named(there: Any) -> Mapping[str, str | None]:
    """Which objects a new one would have to name to be the same: of a payment, the one thing that was paid."""
    account_id, bill_id = getattr(there, "account_id", None), getattr(there, "bill_id", None)
    if there.noun == "payment":
        paid = dict.fromkeys(("bill", "account", "customer"), bill_id or account_id or there.customer_id)
        return paid | {"represents": there.represents}
    if there.noun in ("refund", "credit"):
        return {}
    return {"customer": there.customer_id, "account": account_id}


def _applied_to_bills(payment: Any) -> Mapping[str | None, int]:
    return {one.owner_id: one.amount for one in payment.applications if one.owner_id.startswith("bill_")}
