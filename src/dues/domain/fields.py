"""The kinds of field that request bodies are made of: each a type that carries its own rule.

A rule is a function from a value to what is wrong with it. Types say the shape (JSON kind, lengths), rules say the
rest; whoever decodes a body applies both to every field. Of a reference, a field also says how it `reads`: what was
sent becomes that before anything else is made of it.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final

from email_validator import EmailNotValidError, validate_email
from msgspec import Meta

from dues.domain import currencies, days
from dues.domain.money import AMOUNT_MAX
from dues.domain.references import INVISIBLE_PATTERN, as_read, refuse_invisible
from dues.domain.violations import Violation, pointer_to

Rule = Callable[[Any], Iterable[Violation]]
"""From a value of the right shape to what is wrong with it; pointers are relative to the value."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PLAIN: Final = {"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"}
"""plain_text for readers of the OpenAPI document."""

_VISIBLE: Final = {"pattern": rf"^[^\u0000-\u001f\u007f-\u009f{INVISIBLE_PATTERN}]*$"}
"""visible_text for them."""

_ID: Final = re.compile(r"[a-z]+_[0-9A-Za-z]{1,64}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{1,14}")


def plain_text(text: str) -> Iterable[Violation]:
    """No U+0000 and no other control character (a line break is one)."""
    if text.isprintable() or not _CONTROL.search(text):
        return ()
    return (Violation("", "control_character", "must not contain control characters."),)


def visible_text(text: str) -> Iterable[Violation]:
    """Plain text, and no character that nobody sees."""
    if text.isascii() and text.isprintable():  # as most are
        return ()
    return tuple(plain_text(text)) or tuple(refuse_invisible(text))


def _reference_rule(own_prefixes: tuple[str, ...]) -> Rule:
    def reference(text: str) -> Iterable[Violation]:
        if broken := visible_text(text):
            return broken
        if text != text.strip():
            return (Violation("", "surrounding_white_space", "must not begin or end with white space."),)
        if text.startswith(own_prefixes):
            detail = f"must not begin with {' or '.join(own_prefixes)}: that is how dues knows its own ids."
            return (Violation("", "reserved_prefix", detail),)
        return ()

    return reference


def _currency(code: str) -> Iterable[Violation]:
    if code in currencies.EXPONENTS:
        return ()
    return (Violation("", "unknown_currency", currencies.explain_unknown(code)),)


def _currency_code(code: str) -> Iterable[Violation]:
    return () if currencies.is_code(code) else _currency(code)


def _email(address: str) -> Iterable[Violation]:
    if broken := plain_text(address):
        return broken
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        return (Violation("", "invalid_email", f"must be a valid e-mail address. {error}"),)
    return ()


def _phone(number: str) -> Iterable[Violation]:
    if _PHONE.fullmatch(number):
        return ()
    return (Violation("", "invalid_phone", "must be an E.164 number: + then 2 to 15 digits, like +27821234567."),)


def _metadata(pairs: dict[str, str | None]) -> Iterable[Violation]:
    return [
        Violation(pointer_to("", key), "control_character", "must not contain control characters, nor its key.")
        for key, value in pairs.items()
        if plain_text(key) or (value is not None and plain_text(value))
    ]


def _time(time: datetime) -> Iterable[Violation]:
    # Within a day of the first or the last year it may have no time in UTC, and to asyncpg the very first and the very
    # last time are infinite.
    if 1 < time.year < 9999:
        return ()
    return (Violation("", "invalid_time", "must be a time of the years 2 to 9998."),)


def _time_of_payment(time: datetime) -> Iterable[Violation]:
    if days.FIRST_DAY <= time.date() <= days.LAST_DAY:
        return ()
    return (Violation("", "invalid_time", "must be a time of the years 1970 to 2200."),)


def _day(day: date) -> Iterable[Violation]:
    if days.FIRST_DAY <= day <= days.LAST_DAY:
        return ()
    return (Violation("", "invalid_date", "must be a date of the years 1970 to 2200."),)


def _time_zone(name: str) -> Iterable[Violation]:
    if name in days.time_zones():
        return ()
    return (Violation("", "unknown_time_zone", days.explain_unknown_zone(name)),)


TIME_RULE: Final[Rule] = _time


def _own_id(text: str) -> Iterable[Violation]:
    if _ID.fullmatch(text):
        return ()
    return (Violation("", "invalid_id", "must be an id, like bacc_…; a reference does not do here."),)


def says(meaning: str) -> Meta:
    """What people are told of a field that is only shown."""
    return Meta(description=meaning)


def filtered_by(meaning: str) -> Meta:
    """What people are told of a filter by a reference, or by an id or reference; its limits are those of references."""
    extra = {"rule": visible_text, "reads": as_read}
    return Meta(min_length=1, max_length=255, description=meaning, extra=extra)


def filtered_by_id(meaning: str) -> Meta:
    """What people are told of a filter by an id alone."""
    return Meta(min_length=1, description=meaning, extra={"rule": _own_id})


ACTOR: Final = Meta(
    description="Who did it: the id of the API key that asked (`key_…`), or `system`, the server by itself. Absent of "
    "what was written before that was kept.",
    extra_json_schema={"example": "key_0Ue8xPq2dK7mN4vRtYw3z"},
)

Name = Annotated[
    str,
    Meta(
        max_length=255,
        description="What people call it.",
        extra={"rule": plain_text},
        extra_json_schema=_PLAIN | {"example": "Jane Doe"},
    ),
]
Email = Annotated[
    str,
    Meta(
        max_length=255,
        description="An e-mail address. Nothing is sent to it that was not asked for.",
        extra={"rule": _email},
        extra_json_schema={"format": "email", "example": "jane@example.com"},
    ),
]
Phone = Annotated[
    str,
    Meta(
        description="A phone number in E.164, like +27821234567.",
        extra={"rule": _phone},
        extra_json_schema={"pattern": r"^\+[1-9][0-9]{1,14}$", "example": "+27821234567"},
    ),
]


def _a_currency(rule: Rule) -> Meta:
    return Meta(
        title="Currency",
        description="An active ISO 4217 alphabetic code, upper case.",
        extra={"rule": rule},
        extra_json_schema={
            "pattern": "^[A-Z]{3}$",
            "x-extensible-enum": sorted(currencies.EXPONENTS),
            "example": "ZAR",
        },
    )


Currency = Annotated[str, _a_currency(_currency)]
"""One schema wherever it stands, and no closed one: which codes are active changes, and what has one keeps it."""

KeptCurrency = Annotated[str, _a_currency(_currency_code)]
"""The currency of something that is there, which may have been dropped since. Whether it is known is refused later."""

CURRENCY_RULE: Final[Rule] = _currency_code
Amount = Annotated[
    int,
    Meta(
        description="An integer in the currency's smallest unit: ZAR 20.00 is 2000. "
        "As a balance: positive is owed, negative is credit, absent is not tracked.",
        extra_json_schema={"minimum": -AMOUNT_MAX, "maximum": AMOUNT_MAX, "example": 2000},
    ),
]
"""Any integer has the right shape; one outside ±AMOUNT_MAX is a refusal (`amount_out_of_range`), not a typo."""


def _reference(own_prefixes: tuple[str, ...], example: str, unique_per: str = "kind") -> Meta:
    # The rule again for readers of the OpenAPI document, as a regular expression of ECMA 262.
    pattern = rf"^(?!{'|'.join(own_prefixes)})(?!\s)[^\u0000-\u001f\u007f-\u009f{INVISIBLE_PATTERN}]*(?<!\s)$"
    return Meta(
        min_length=1,
        max_length=255,
        description=f"Your own name for it: unique per {unique_per}, and for good. It is kept in Unicode's NFC.",
        extra={"rule": _reference_rule(own_prefixes), "reads": as_read},
        extra_json_schema={"pattern": pattern, "example": example},
    )


CustomerReference = Annotated[str, _reference(("bcus_",), "CUST-1042")]
AccountReference = Annotated[str, _reference(("bacc_",), "UAR1234567890")]
BillReference = Annotated[str, _reference(("bill_", "bcus_"), "INV-2024-001")]
PaymentReference = Annotated[str, _reference(("pay_",), "EFT-88213")]
CreditReference = Annotated[str, _reference(("cred_",), "CN-2026-001")]
LinkReference = Annotated[str, _reference(("plk_",), "REMINDER-2026-01")]
RequestReference = Annotated[str, _reference(("pr_",), "ORDER-2026-17")]
RefundReference = Annotated[str, _reference(("ref_",), "RF-7731")]
AdjustmentReference = Annotated[str, _reference(("ent_",), "FEE-2026-11", "account or customer")]


def _existing(noun: str, prefix: str, example: str) -> Meta:
    return Meta(
        min_length=1,
        max_length=255,
        description=f"An existing {noun}'s id (`{prefix}…`) or `external_reference`.",
        extra={"rule": visible_text, "reads": as_read},
        extra_json_schema=_VISIBLE | {"example": example},
    )


CustomerName = Annotated[str, _existing("customer", "bcus_", "bcus_H4jp6KnU5cPw263v1jyz4")]
AccountName = Annotated[str, _existing("account", "bacc_", "UAR1234567890")]
BillName = Annotated[str, _existing("bill", "bill_", "INV-2024-001")]
PaymentName = Annotated[str, _existing("payment", "pay_", "EFT-88213")]
"""How existing ones are named in a body: by id or by reference; the prefix decides which."""

Description = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        description="What it is for, for whoever pays.",
        extra={"rule": plain_text},
        extra_json_schema=_PLAIN | {"example": "School fees, second term"},
    ),
]

Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="Why, for whoever reads the ledger later.",
        extra={"rule": plain_text},
        extra_json_schema=_PLAIN | {"example": "Late fee waived"},
    ),
]

AmountDue = Annotated[
    int,
    Meta(
        ge=1,
        description="What is to be paid, in the currency's smallest unit.",
        extra_json_schema={"maximum": AMOUNT_MAX, "example": 150000},
    ),
]

AmountPaid = Annotated[
    int,
    Meta(
        ge=0,
        description="The new total of what was paid, in the currency's smallest unit.",
        extra_json_schema={"maximum": AMOUNT_MAX, "example": 50000},
    ),
]

PaymentAmount = Annotated[
    int,
    Meta(
        ge=1,
        description="How much is paid, in the currency's smallest unit.",
        extra_json_schema={"maximum": AMOUNT_MAX, "example": 50000},
    ),
]

PaymentMethod = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="How it was paid, in your own words.",
        extra={"rule": plain_text},
        extra_json_schema=_PLAIN | {"example": "eft"},
    ),
]

Note = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        description="More about it, for whoever reads this later.",
        extra={"rule": plain_text},
        extra_json_schema=_PLAIN | {"example": "Returned by the bank: account closed"},
    ),
]

Time = Annotated[
    datetime,
    Meta(
        tz=True,
        description="A time with its offset from UTC, RFC 3339.",
        extra={"rule": _time},
        extra_json_schema={"example": "2026-01-31T12:00:00Z"},
    ),
]

PaidAt = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it was paid, with its offset from UTC (RFC 3339): not later than tomorrow. Now where it "
        "is not said.",
        extra={"rule": _time_of_payment},
        extra_json_schema={"example": "2026-01-31T12:00:00Z"},
    ),
]

BalanceTime = Annotated[
    datetime,
    Meta(
        tz=True,
        description="Of which time the balance is, RFC 3339. Payments and reversals that were recorded after it are "
        "kept on top of the balance.",
        extra={"rule": _time},
        extra_json_schema={"example": "2026-01-31T06:00:00Z"},
    ),
]

Day = Annotated[
    date,
    Meta(
        description="YYYY-MM-DD, of the years 1970 to 2200.",
        extra={"rule": _day},
        extra_json_schema={"example": "2026-01-31"},
    ),
]

DAY_RULE: Final[Rule] = _day

TIME_ZONE_RULE: Final[Rule] = _time_zone

METADATA_KEY_MAX: Final = 40
METADATA_VALUE_MAX: Final = 500

Metadata = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=METADATA_KEY_MAX, extra_json_schema=_PLAIN)],
        Annotated[str, Meta(max_length=METADATA_VALUE_MAX, extra_json_schema=_PLAIN)],
    ],
    Meta(
        max_length=10,
        description="Your own notes: at most 10 keys of 1 to 40 characters, values of at most 500.",
        extra={"rule": _metadata},
        extra_json_schema={"example": {"account_type": "subscription", "billing_cycle": "monthly"}},
    ),
]

MetadataChanges = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=METADATA_KEY_MAX, extra_json_schema=_PLAIN)],
        Annotated[str, Meta(max_length=METADATA_VALUE_MAX, extra_json_schema=_PLAIN)] | None,
    ],
    Meta(
        description="Keys to add or replace; null deletes one. The result may have 10 keys.",
        extra={"rule": _metadata},
        extra_json_schema={"example": {"billing_cycle": "yearly", "account_type": None}},
    ),
]
