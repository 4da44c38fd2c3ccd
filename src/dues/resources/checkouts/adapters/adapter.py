"""What an adapter is: a way to pay, as a few functions."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from dues.db.database import Database
from dues.domain.checkouts import Checkout, Choice, Told
from dues.tenants.payees.store import Payee
from dues.tenants.secrets.keys import NO_KEYS, SecretKeys


class Services(Struct, frozen=True):
    """What adapters may use of the server: its database, and the keys that stored secrets are encrypted with."""

    database: Database
    secret_keys: SecretKeys = NO_KEYS


class Ask(Struct, frozen=True):
    """A checkout that is to be paid, or that somebody wants to know about.

    `page`: the URL of the link's page, below which a checkout's page has its id; empty where nobody is there who would
    come back.
    """

    services: Services
    payee: Payee
    checkout: Checkout
    page: str = ""


class Message(Struct, frozen=True):
    """What a processor tells of a checkout; None: nothing that changes anything."""

    payee: Payee
    checkout_id: str
    told: Told | None


class ProcessorAwayError(Exception):
    """The processor does not answer, or not as it should: nothing is known of the checkout. The message says why."""


class Adapter(Struct, frozen=True):
    """A way to pay, for the payees and amounts that it `is_for`.

    `begin` says where the browser goes to pay: a URL, or None for our own page about the checkout. It may be asked
    again for the same checkout, and says the same.
    `read` gives what a message (its raw body and its headers, by lower-case names) tells, or None where it is not the
    processor's.
    `ask` gives what the processor knows of a checkout by now, or None where it knows nothing yet. Adapters that nobody
    can be asked about have none.
    `close` has the processor take no more money for a checkout. What it took before is asked for once more after that.

    All but `read` may raise ProcessorAwayError.

    `label`: what stands on the button, with {amount}, where the adapter is none of ours, which have it in each
    language.
    """

    name: str
    is_for: Callable[[Services, Payee, Choice], Awaitable[bool]]
    begin: Callable[[Ask], Awaitable[str | None]]
    read: Callable[[Services, bytes, Mapping[bytes, bytes]], Awaitable[Message | None]] | None = None
    ask: Callable[[Ask], Awaitable[Told | None]] | None = None
    close: Callable[[Ask], Awaitable[None]] | None = None
    label: str = ""
