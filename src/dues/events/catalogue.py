"""Every type of event there is, and what it tells. A name never changes once released."""

from typing import Final, Literal

EventType = Literal["account.created", "customer.created"]

MEANINGS: Final[dict[EventType, str]] = {
    "account.created": "An account was opened. `data` is the account.",
    "customer.created": "A customer was registered. `data` is the customer.",
}
