"""People: how they are named, what each role may, and for how long somebody stays logged in."""

import re
from datetime import timedelta
from typing import Final, Literal, get_args

Role = Literal["viewer", "support", "cashier", "accountant", "admin"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""From who may least to who may most: each may all that those before it may."""

MAY: Final[dict[Role, frozenset[str]]] = {
    "viewer": frozenset(
        {
            *("customers:read", "accounts:read", "bills:read", "payments:read", "payment_links:read"),
            *("checkouts:read", "payment_requests:read", "daily_totals:read", "ageing:read", "control_totals:read"),
            *("closings:read", "late_entries:read", "imports:read", "exports:read", "events:read"),
        }
    ),
    "support": frozenset({"customers:update", "accounts:update", "payment_links:*", "payment_requests:*"}),
    "cashier": frozenset({"customers:create", "payments:create"}),
    "accountant": frozenset(
        {
            *("customers:adjust", "accounts:create", "accounts:adjust", "bills:*", "payments:*"),
            *("imports:*", "exports:*", "journal:read", "reports:read", "closings:create", "folders:*"),
        }
    ),
    "admin": frozenset({"closings:reopen", "webhook_endpoints:*", "test_clock:*", "idempotency_keys:read"}),
}
"""The scopes that each role has beside those of the roles before it."""

MOVES_MONEY: Final[frozenset[Role]] = frozenset({"cashier", "accountant", "admin"})
"""Roles that need a second factor."""

PASSWORD_LENGTH_MIN: Final = 12

PASSWORD_LENGTH_MAX: Final = 256

INVITED_FOR: Final = timedelta(days=7)

IDLE_MAX: Final = timedelta(hours=12)

LOGGED_IN_MAX: Final = timedelta(days=7)

_EMAIL: Final = re.compile(
    r"[^\s@\x00-\x20<>\"(),:;\\\[\]]{1,64}@(?:[^\s@\x00-\x2c/:;<=>?\[\]\\^_`{|}~]{1,63}\.)+[^\s@.\d]{2,63}"
)


def scopes_of(role: Role) -> tuple[str, ...]:
    """All that a role may."""
    mine = ROLES[: ROLES.index(role) + 1]
    return tuple(sorted(set().union(*(MAY[one] for one in mine))))


def least_role(scope: str) -> Role:
    """The role that may least, of those that may this; what nobody is said to may only an admin."""
    everything = f"{scope.partition(':')[0]}:*"
    return next((role for role in ROLES if {scope, everything} & MAY[role]), "admin")


def read_email(text: str) -> str | None:
    """An address as it is compared, in small letters; None where it is none."""
    plain = text.strip().lower()
    return plain if len(plain) <= 254 and _EMAIL.fullmatch(plain) else None
