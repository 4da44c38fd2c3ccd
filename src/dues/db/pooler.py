"""What lies between dues and PostgreSQL, and what follows from that: whose sessions they are, and for how long.

A pooler in session mode lends a session for as long as a client is connected, one in transaction mode for as long as a
transaction lasts. Neither passes on what dues tells PostgreSQL when it connects, but for its name.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal, NamedTuple

Mode = Literal["none", "session", "transaction", "transaction-prepared"]


class Pooler(NamedTuple):
    """A pooler, or none."""

    mode: Mode = "none"
    url: str = ""
    """Where it is, where that is not the URL of sessions."""

    @property
    def lends_transactions(self) -> bool:
        """Whether a session is ours for no longer than a transaction."""
        return self.mode.startswith("transaction")

    def options(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What the driver is told, so that its sessions have these parameters, or can be lent."""
        if self.mode == "none":
            return {"server_settings": dict(parameters)}
        named = {"server_settings": {_NAME: parameters[_NAME]}}
        if self.mode == "session":
            return named | {"init": partial(_set, _assignments("set", parameters))}
        # Whose name would be known to a session only, and the next transaction is in another.
        return named | ({"statement_cache_size": 0} if self.mode == "transaction" else {})

    def begin(self, parameters: Mapping[str, str]) -> str:
        """What begins each transaction, also that of a single statement; empty where those need not be begun.

        One round trip. The driver sends a statement and what fills it in two: without a transaction around them, they
        could go to two sessions, of which the second has somebody else's statement.
        """
        return f"begin; {_assignments('set local', parameters)}" if self.lends_transactions else ""


DIRECT: Final = Pooler()

_NAME: Final = "application_name"


def _assignments(verb: str, parameters: Mapping[str, str]) -> str:
    return "; ".join(f"{verb} {name} = '{text}'" for name, text in parameters.items() if name != _NAME)


async def _set(statements: str, connection: Any) -> None:
    await connection.execute(statements)
