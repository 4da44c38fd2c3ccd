"""What comes in and goes out as JSON, and every rule about its shape."""

import re
from typing import Annotated, Any, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.money import AMOUNT_MAX

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def plain_text(text: str) -> str:
    """Refuses control characters."""
    if not text.isprintable() and _CONTROL.search(text):
        raise PydanticCustomError("control_character", "must not contain control characters.")
    return text


def _trimmed(text: str) -> str:
    if text != text.strip():
        raise PydanticCustomError("surrounding_white_space", "must not begin or end with white space.")
    return text


def _not_an_account_id(text: str) -> str:
    if text.startswith("bacc_"):
        raise PydanticCustomError("reserved_prefix", "must not begin with bacc_.")
    return text


def _not_a_customer_id(text: str) -> str:
    if text.startswith("bcus_"):
        raise PydanticCustomError("reserved_prefix", "must not begin with bcus_.")
    return text


def _known_currency(code: str) -> str:
    if code not in EXPONENTS:
        raise PydanticCustomError("unknown_currency", "{detail}", {"detail": explain_unknown(code)})
    return code


def _address(email: str) -> str:
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise PydanticCustomError("invalid_email", "must be a valid e-mail address.") from error
    return email


Name = Annotated[str, StringConstraints(max_length=255), AfterValidator(plain_text)]
Reference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255),
    AfterValidator(plain_text),
    AfterValidator(_trimmed),
]
Currency = Annotated[str, AfterValidator(_known_currency)]
RuleAmount = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]
Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(plain_text)],
        Annotated[str, StringConstraints(max_length=500), AfterValidator(plain_text)],
    ],
    Field(max_length=10),
]


class Strict(BaseModel):
    """Takes JSON's own types only, and no field that it does not know."""

    model_config = ConfigDict(strict=True, extra="forbid")


class PaymentRules(Strict):
    """How much may be paid at once, in minor units."""

    min_amount: RuleAmount
    max_amount: RuleAmount
    underpayment_allowed: bool
    overpayment_allowed: bool

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.min_amount > self.max_amount:
            raise PydanticCustomError("min_above_max", "must not be above max_amount.", {"field": "min_amount"})
        return self


class Owed(Strict):
    """What accounts and customers have in common. `balance` is in minor units of `currency`."""

    name: Name | None = None
    currency: Currency | None = None
    balance: int | None = None
    payment_rules: PaymentRules | None = None
    metadata: Metadata | None = None

    @model_validator(mode="after")
    def _balance_has_currency(self) -> Self:
        if self.balance is not None and self.currency is None:
            raise PydanticCustomError("required", "is required with a balance.", {"field": "currency"})
        return self


class NewCustomer(Owed):
    """A customer who comes along with an account."""

    external_reference: Annotated[Reference, AfterValidator(_not_a_customer_id)]
    email: Annotated[str, StringConstraints(max_length=255), AfterValidator(_address)] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{1,14}$")] | None = None


def _named_or_new(customer: Any) -> str:
    return "new" if isinstance(customer, dict | NewCustomer) else "named"


ExistingName = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(plain_text)]


class NewAccount(Owed):
    """An account to be opened."""

    customer: Annotated[
        Annotated[ExistingName, Tag("named")] | Annotated[NewCustomer, Tag("new")],
        Discriminator(_named_or_new),
    ]
    external_reference: Annotated[Reference, AfterValidator(_not_an_account_id)]


class AccountOut(BaseModel):
    """An account as it is shown."""

    id: str
    external_reference: str
    customer_id: str
    name: str | None = None
    currency: str | None = None
    balance: int | None = None
    payment_rules: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class CustomerOut(BaseModel):
    """A customer as shown in its event."""

    id: str
    external_reference: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    balance: int | None = None
    payment_rules: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


def render(shown: BaseModel) -> bytes:
    """The JSON of a response: what has no value is left out."""
    return shown.model_dump_json(exclude_none=True).encode()
