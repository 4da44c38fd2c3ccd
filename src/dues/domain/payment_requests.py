"""Payment requests: one payment of a fixed amount that is asked for, by a link of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from dues.domain.allocation import PARTS_MAX
from dues.domain.balances import refuse_unsafe
from dues.domain.entries import Cause
from dues.domain.fields import (
    AccountName,
    BillName,
    CustomerName,
    Description,
    KeptCurrency,
    Metadata,
    MetadataChanges,
    PaymentAmount,
    RequestReference,
    Time,
)
from dues.domain.ids import new_id
from dues.domain.lookup import Lookup
from dues.domain.metadata import merge_metadata
from dues.domain.obligations import Owed
from dues.domain.payment_links import LASTS_AT_MOST, LinkedBills, NewPaymentLink, PaymentLink, Target, issue_link
from dues.domain.records import Change, Record, changed, made
from dues.domain.refusals import Refusal
from dues.domain.taken import refuse_taken
from dues.domain.violations import Violation

LASTS: Final = timedelta(hours=24)
"""Where nobody says until when."""

RequestStatus = Literal["active", "paid", "expired", "failed"]

_NOTHING: Final = (
    "Say for what it is: one of customer, account, bill or bills. What is paid has to be applied to something."
)

Expires = Annotated[Time, Meta(description="When it ends: 24 hours from now where nothing is said.")]


class NewPaymentRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request for so much, of one of a customer, an account, a bill, or some bills of one customer."""

    amount: Annotated[PaymentAmount, Meta(description="So much is to be paid, and no other amount can be chosen.")]
    currency: KeptCurrency
    external_reference: RequestReference | None = None
    description: Description | None = None
    type: Annotated[
        Literal["link", "push"], Meta(description="`link`: whoever has its `url` can pay. `push` is not supported.")
    ] = "link"
    customer: CustomerName | None = None
    account: AccountName | None = None
    bill: BillName | None = None
    bills: (
        Annotated[
            list[BillName],
            Meta(min_length=1, max_length=PARTS_MAX, description="Bills of one customer, the oldest due paid first."),
        ]
        | None
    ) = None
    expires_at: Expires | None = None
    metadata: Metadata | None = None

    @property
    def link(self) -> NewPaymentLink:
        """The link that it is paid by."""
        return NewPaymentLink(
            customer=self.customer,
            account=self.account,
            bills=[self.bill] if self.bill is not None else self.bills,
            amount=self.amount,
            currency=self.currency,
            expires_at=self.expires_at,
            uses="once",
        )

    @property
    def is_of_something(self) -> bool:
        """Whether it says what is paid by it."""
        return not all(each is None for each in (self.customer, self.account, self.bill, self.bills))

    def cross_check(self) -> Iterator[Violation]:
        """Yields a request of several things, and a bill twice."""
        named = [name for name in ("customer", "account", "bill", "bills") if getattr(self, name) is not None]
        for name in named[1:]:
            yield Violation(f"/{name}", "one_only", f"must not be given beside {named[0]}: name one of them.")
        if self.bills is not None and len(set(self.bills)) < len(self.bills):
            yield Violation("/bills", "twice", "must not name a bill twice.")


class PaymentRequestChanges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PATCH of a request that is active."""

    read_only: ClassVar[frozenset[str]] = frozenset(
        {"id", "external_reference", "type", "customer", "customer_id", "account", "account_id", "bill", "bills"}
        | {"status", "payment_id", "payment_link_id", "url", "mode", "created_at", "updated_at"}
    )

    amount: PaymentAmount | UnsetType = UNSET
    currency: KeptCurrency | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    expires_at: Expires | UnsetType = UNSET
    metadata: MetadataChanges | UnsetType | None = UNSET


class PaymentRequest(Struct, frozen=True, kw_only=True):
    """A request as stored. What is `active` and over by the time is `expired`: see `status_at`."""

    noun: ClassVar = "payment_request"

    id: str
    external_reference: str | None
    amount: int
    currency: str
    description: str | None
    payment_link_id: str
    target: Target
    owner_id: str
    customer_id: str
    bills: LinkedBills | None
    status: RequestStatus = "active"
    payment_id: str | None = None
    expires_at: datetime
    metadata: dict[str, str] | None
    created_at: datetime
    updated_at: datetime

    def status_at(self, now: datetime) -> RequestStatus:
        """What it is at a time."""
        return "expired" if self.status == "active" and now >= self.expires_at else self.status


def request_id(now: datetime) -> str:
    """The id of a new request."""
    return new_id("pr_", now)


def make_request(
    new: NewPaymentRequest, owed: Sequence[Owed | None], link: tuple[str, str, str], lookup: Lookup, cause: Cause
) -> tuple[Change[PaymentRequest], Change[PaymentLink]] | Refusal:
    """A new request, and the link that it is paid by. `link` is that one's id, its token, and the token as it is kept.

    Refuses what a link refuses, `not_supported`, and `nothing_to_apply` where it is not said what is paid.
    """
    if new.type == "push":
        return Refusal("not_supported", "Requests of type push are not supported: send the url of a link.", "/type")
    if not new.is_of_something:
        return Refusal("nothing_to_apply", _NOTHING, "/customer")
    if new.external_reference is not None and (taken := refuse_taken("payment_request", new, lookup)):
        return taken
    expires_at = new.expires_at or cause.now + LASTS
    issued = issue_link(structs.replace(new.link, expires_at=expires_at), owed, *link, lookup, cause)
    if isinstance(issued, Refusal):
        # The one bill stands by itself in the body.
        return issued if new.bill is None or issued.pointer != "/bills/0" else replace(issued, pointer="/bill")
    of, made_id = issued.after.of, request_id(cause.now)
    request = PaymentRequest(
        id=made_id,
        external_reference=new.external_reference,
        amount=new.amount,
        currency=new.currency,
        description=new.description,
        payment_link_id=of.id,
        target=of.target,
        owner_id=of.owner_id,
        customer_id=of.customer_id,
        bills=of.bills,
        expires_at=expires_at,
        metadata=new.metadata,
        created_at=cause.now,
        updated_at=cause.now,
    )
    return made(request, None), made(structs.replace(of, request_id=made_id), None)


def change_request(
    record: Record[PaymentRequest], link: Record[PaymentLink], changes: PaymentRequestChanges, cause: Cause
) -> tuple[Change[PaymentRequest], Change[PaymentLink]] | Refusal:
    """The request after a PATCH, and its link; one whose time is over is active again with a later one.

    Refuses one that was paid or called off, and a time that has passed.
    """
    old = record.of
    if old.status != "active":
        return _over(old.status)
    if changes.currency is not UNSET and changes.currency != old.currency:
        return Refusal("currency_mismatch", f"The request is in {old.currency}.", "/currency")
    amount = old.amount if changes.amount is UNSET else changes.amount
    if refusal := refuse_unsafe([amount], "/amount", old.currency):
        return refusal
    expires_at = old.expires_at if changes.expires_at is UNSET else changes.expires_at
    if expires_at != old.expires_at and not cause.now < expires_at <= cause.now + LASTS_AT_MOST:
        detail = "/expires_at must be later than now, and within two years."
        return Refusal("validation_failed", detail, "/expires_at", "out_of_range")
    metadata = merge_metadata(old.metadata, changes.metadata)
    if isinstance(metadata, Refusal):
        return metadata
    new = structs.replace(
        old,
        amount=amount,
        description=old.description if changes.description is UNSET else changes.description,
        expires_at=expires_at,
        metadata=metadata,
    )
    if new != old:
        new = structs.replace(new, updated_at=cause.now)
    return changed(record, new), changed(link, structs.replace(link.of, amount=amount, expires_at=expires_at))


def end_request(
    record: Record[PaymentRequest], link: Record[PaymentLink], cause: Cause
) -> tuple[Change[PaymentRequest], Change[PaymentLink]] | Refusal:
    """The request once it is called off, and its link, which leads nowhere from then on; both as they were, where that
    was done before. Refuses one that was paid."""
    if record.of.status == "expired":
        return changed(record, record.of), changed(link, link.of)
    if record.of.status != "active":
        return _over(record.of.status)
    over = structs.replace(record.of, status="expired", updated_at=cause.now)
    return changed(record, over), changed(link, structs.replace(link.of, withdrawn_at=cause.now))


def pay_request(record: Record[PaymentRequest], payment_id: str, cause: Cause) -> Change[PaymentRequest]:
    """The request once it was paid, also where its time was over by then; one that is paid stays that payment."""
    if record.of.status == "paid":
        return changed(record, record.of)
    paid = structs.replace(record.of, status="paid", payment_id=payment_id, updated_at=cause.now)
    return changed(record, paid)


def _over(status: RequestStatus) -> Refusal:
    return Refusal(
        "payment_request_over", f"The payment request is {status}: only one that is not paid can be changed."
    )
