"""Payments as they come in and go out as JSON, and bills as their events show them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from bench.conventional.schemas import Currency, ExistingName, Metadata, Reference, Strict, plain_text


def _not_a_payment_id(text: str) -> str:
    if text.startswith("pay_"):
        raise PydanticCustomError("reserved_prefix", "must not begin with pay_.")
    return text


Method = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(plain_text)]


class NewPayment(Strict):
    """A payment for exactly one of a bill, an account or a customer."""

    external_reference: Annotated[Reference, AfterValidator(_not_a_payment_id)]
    amount: Annotated[int, Field(ge=1)]
    currency: Currency
    bill: ExistingName | None = None
    account: ExistingName | None = None
    customer: ExistingName | None = None
    allocation: Literal["oldest_due_first"] | None = None
    method: Method | None = None
    paid_at: Annotated[AwareDatetime, Field(strict=False)] | None = None
    metadata: Metadata | None = None

    @property
    def target(self) -> tuple[str, str]:
        """What is paid: its kind, and its id or reference."""
        return next((kind, name) for kind in ("bill", "account", "customer") if (name := getattr(self, kind)))

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        named = [kind for kind in ("bill", "account", "customer") if getattr(self, kind) is not None]
        if not named:
            raise PydanticCustomError("required", "is required: what is paid?", {"field": "bill"})
        if len(named) > 1:
            raise PydanticCustomError("one_only", "must not be given beside another.", {"field": named[1]})
        if self.allocation and self.bill:
            raise PydanticCustomError("not_of_a_bill", "is not for a bill.", {"field": "allocation"})
        return self


class ApplicationOut(BaseModel):
    """What of a payment was applied to one thing."""

    id: str
    amount: int
    bill_id: str | None = None
    account_id: str | None = None
    customer_id: str | None = None


class PaymentOut(BaseModel):
    """A payment as it is shown."""

    id: str
    external_reference: str
    amount: int
    currency: str
    status: str
    customer_id: str
    applications: list[ApplicationOut]
    paid_at: datetime
    bill_id: str | None = None
    account_id: str | None = None
    method: str | None = None
    metadata: dict[str, Any] | None = None


class AmountAppliedOut(ApplicationOut):
    """The `data` of `obligation.amount_applied`."""

    currency: str
    payment_id: str
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class BillOut(BaseModel):
    """A bill as shown in its events."""

    id: str
    external_reference: str
    customer_id: str
    currency: str
    amount_due: int
    amount_paid: int
    amount_remaining: int
    status: str
    bill_date: date
    account_id: str | None = None
    due_date: date | None = None
    payment_rules: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
