"""The parts of the application that make spans where traces are wanted: these, or the usual ones."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from dues.db.database import Database
from dues.db.pooler import DIRECT, Pooler
from dues.http.entrance import Entrance
from dues.tracing.wanted import is_wanted
from dues.webhooks.context import Send
from dues.work.group_commit import GroupCommit


class Connect(Protocol):
    """Makes a pool, as `Database.connect` does."""

    def __call__(
        self, url: str, connections_max: int = 10, pooler: Pooler = DIRECT, **session: str
    ) -> Awaitable[Database]:
        """The pool on the PostgreSQL at `url`."""
        ...


async def _nothing_to_send() -> None:
    return None


class Parts(Struct, frozen=True):
    """What is put together to an application."""

    connect: Connect = Database.connect
    group_commit: Callable[..., GroupCommit] = GroupCommit
    entrance: Callable[..., Entrance] = Entrance
    send: Send | None = None
    """What makes each attempt to deliver, where that is not just made."""
    aclose: Callable[[], Awaitable[Any]] = _nothing_to_send
    """Sends what is not sent yet, for some seconds at most."""


def parts_of(environment: Mapping[str, str], path_prefix: str = "") -> Parts:
    """The parts, by what the environment says of traces. Raises SettingsError where they are wanted in vain.

    `path_prefix` is what paths may begin with in the eyes of clients.
    """
    if not is_wanted(environment):
        return Parts()
    # Here, and not above: who wants no traces need not have it, nor wait for it.
    from dues.tracing.provider import traced_parts

    return traced_parts(path_prefix)
