"""What an adapter is: a way to pay, as four functions."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from dues.db.database import Database
from dues.domain.checkouts import Checkout, Told
from dues.tenants.payees.store import Payee


class Ask(Struct, frozen=True):
    """A checkout that is to be paid, or that somebody wants to know about."""

    database: Database
    payee: Payee
    checkout: Checkout


class Message(Struct, frozen=True):
    """What a processor tells of a checkout."""

    payee: Payee
    checkout_id: str
    told: Told


class Adapter(Struct, frozen=True):
    """A way to pay, for the payees that it `is_for`.

    `begin` says where the browser goes to pay: a URL, or None for our own page about the checkout.
    `read` gives what a message (its raw body and its headers, by lower-case names) tells, or None where it is not the
    processor's.
    `ask` gives what the processor knows of a checkout by now, or None where it knows nothing yet. Adapters that nobody
    can be asked about have none.
    `refund` has so much (minor units) of a charge given back, under the processor's reference that it gives; None:
    money goes back another way.
    """

    name: str
    is_for: Callable[[Payee], bool]
    begin: Callable[[Ask], Awaitable[str | None]]
    read: Callable[[Database, bytes, Mapping[bytes, bytes]], Awaitable[Message | None]] | None = None
    ask: Callable[[Ask], Awaitable[Told | None]] | None = None
    refund: Callable[[Ask, str, int], Awaitable[str]] | None = None
