"""Payment links: pages that show somebody what they owe, at an address that nobody can guess."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct, structs

from dues.domain.allocation import PARTS_MAX
from dues.domain.balances import refuse_unsafe
from dues.domain.entries import Cause
from dues.domain.fields import (
    AccountName,
    BillName,
    CustomerName,
    KeptCurrency,
    LinkReference,
    PaymentAmount,
    Time,
)
from dues.domain.ids import new_id, random_secret
from dues.domain.lookup import Lookup
from dues.domain.obligations import Owed
from dues.domain.records import Change, Record, changed, made
from dues.domain.refusals import Refusal, not_found
from dues.domain.taken import refuse_taken
from dues.domain.tenants import Tenant
from dues.domain.violations import Violation

LASTS: Final = timedelta(days=30)
"""Where nobody says until when."""

LASTS_AT_MOST: Final = timedelta(days=731)
"""Two years: who keeps a link for longer should be sent a new one."""

SECRET_LENGTH: Final = 22
"""22 characters of base62 are 130 random bits."""

_TOKEN: Final = re.compile(rf"([0-9]{{1,10}})-[0-9A-Za-z]{{{SECRET_LENGTH}}}")

Target = Literal["customer", "account", "bills"]


class NewPaymentLink(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A link that shows what is owed of exactly one of a customer, an account, or some bills of one customer."""

    external_reference: LinkReference | None = None
    customer: CustomerName | None = None
    account: AccountName | None = None
    bills: (
        Annotated[
            list[BillName],
            Meta(min_length=1, max_length=PARTS_MAX, description="Bills of one customer: the page shows no others."),
        ]
        | None
    ) = None
    amount: (
        Annotated[PaymentAmount, Meta(description="So much is to be paid, and no other amount can be chosen.")] | None
    ) = None
    currency: KeptCurrency | None = None
    expires_at: Annotated[Time, Meta(description="When it ends: 30 days from now where nothing is said.")] | None = None
    uses: Annotated[Literal["once", "many"], Meta(description="`once`: the first payment ends it.")] = "many"
    show: Annotated[
        Literal["names", "masked"], Meta(description="Whether names are written out, or only begin: `J*** D***`.")
    ] = "masked"

    @property
    def target(self) -> tuple[Target, str]:
        """What it is of, and the name of that; of bills, of the first."""
        if self.bills is not None:
            return "bills", self.bills[0]
        return ("account", self.account) if self.account is not None else ("customer", self.customer or "")

    def cross_check(self) -> Iterator[Violation]:
        """Yields a link of nothing or of several things, a bill twice, and an amount without its currency."""
        named = [name for name in ("customer", "account", "bills") if getattr(self, name) is not None]
        if not named:
            yield Violation("/customer", "required", "is required, unless account or bills are given.")
        for name in named[1:]:
            yield Violation(f"/{name}", "one_only", f"must not be given beside {named[0]}: name one of them.")
        if self.bills is not None and len(set(self.bills)) < len(self.bills):
            yield Violation("/bills", "twice", "must not name a bill twice.")
        if (self.amount is None) != (self.currency is None):
            yield Violation("/currency", "required", "goes with amount: give both, or neither.")


class LinkedBills(Struct, frozen=True):
    """The bills that a link is for, by their ids."""

    ids: list[str]


class PaymentLink(Struct, frozen=True, kw_only=True):
    """A link as stored. `token` may be encrypted; what it is found by is its SHA-256, in hex."""

    noun: ClassVar = "payment_link"

    id: str
    external_reference: str | None
    target: Target
    owner_id: str
    customer_id: str
    bills: LinkedBills | None
    amount: int | None
    currency: str | None
    uses: Literal["once", "many"]
    show: Literal["names", "masked"]
    token: str
    token_sha256: str
    expires_at: datetime
    withdrawn_at: datetime | None = None
    payments: int = 0
    request_id: str | None = None
    """The payment request that is paid by it, if it is one's."""
    metadata: None = None
    created_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can be begun by it any more."""
        return self.is_gone(now) or (self.uses == "once" and self.payments > 0)

    def is_gone(self, now: datetime) -> bool:
        """Whether it shows nothing any more."""
        return self.withdrawn_at is not None or now >= self.expires_at


def new_token(tenant: Tenant) -> str:
    """A token of a tenant's: the number in it says where it is to be looked up, the rest cannot be guessed."""
    return f"{tenant.id}-{random_secret(SECRET_LENGTH)}"


def tenant_of(token: str) -> int | None:
    """The number of the tenant whose token it may be; None: it is none."""
    match = _TOKEN.fullmatch(token)
    return int(match[1]) if match and int(match[1]) < 2**31 else None


def sha256_of(token: str) -> str:
    """What a token is found by."""
    return sha256(token.encode()).hexdigest()


def issue_link(
    new: NewPaymentLink,
    owed: Sequence[Owed | None],
    link_id: str,
    token: str,
    stored: str,
    lookup: Lookup,
    cause: Cause,
) -> Change[PaymentLink] | Refusal:
    """A new link of what is `owed`: a customer, an account, or the bills in the order in which they were named.

    `stored` is the token as it is kept. Refuses what is not there, bills of several customers, another currency than
    theirs, and a time that has passed or is too far away.
    """
    target, name = new.target
    missing = [at for at, one in enumerate(owed) if one is None]
    if missing:
        pointer = f"/bills/{missing[0]}" if target == "bills" else f"/{target}"
        noun = "bill" if target == "bills" else target
        return not_found(noun, (new.bills or [name])[missing[0]], pointer)
    found = [one for one in owed if one is not None]
    if refusal := refuse_unsafe([new.amount], "/amount", new.currency) or _refuse(new, found, cause):
        return refusal
    if new.external_reference is not None and (taken := refuse_taken("payment_link", new, lookup)):
        return taken
    of = found[0].of
    link = PaymentLink(
        id=link_id,
        external_reference=new.external_reference,
        target=target,
        owner_id=of.customer_id if target == "bills" else of.id,
        customer_id=of.customer_id,
        bills=LinkedBills([one.of.id for one in found]) if target == "bills" else None,
        amount=new.amount,
        currency=new.currency,
        uses=new.uses,
        show=new.show,
        token=stored,
        token_sha256=sha256_of(token),
        expires_at=new.expires_at or cause.now + LASTS,
        created_at=cause.now,
    )
    return made(link, None)


def _refuse(new: NewPaymentLink, found: Sequence[Owed], cause: Cause) -> Refusal | None:
    for at, one in enumerate(found):
        if one.of.customer_id != found[0].of.customer_id:
            return Refusal(
                "owner_mismatch", "The bills are of several customers: make a link for each.", f"/bills/{at}"
            )
        if new.currency and one.of.currency not in (None, new.currency):
            detail = f"The {one.of.noun} {one.of.external_reference!r} is in {one.of.currency}, not {new.currency}."
            return Refusal("currency_mismatch", detail, "/currency")
    if len({one.of.id for one in found}) < len(found):
        return Refusal("validation_failed", "/bills must not name a bill twice.", "/bills", "twice")
    if new.expires_at is not None and not cause.now < new.expires_at <= cause.now + LASTS_AT_MOST:
        detail = "/expires_at must be later than now, and within two years."
        return Refusal("validation_failed", detail, "/expires_at", "out_of_range")
    return None


def withdraw_link(record: Record[PaymentLink], cause: Cause) -> Change[PaymentLink]:
    """The link once it leads nowhere any more; as it was, where it did not before."""
    if record.of.withdrawn_at is not None:
        return changed(record, record.of)
    return changed(record, structs.replace(record.of, withdrawn_at=cause.now))


def link_id(now: datetime) -> str:
    """The id of a new link."""
    return new_id("plk_", now)
