"""What lies between dues and PostgreSQL, and what follows from that: whose sessions they are, and for how long.

A pooler in session mode lends a session for as long as a client is connected, one in transaction mode for as long as a
transaction lasts. Neither passes on what dues tells PostgreSQL when it connects, but for its name.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal, NamedTuple, get_args

from dues.db.address import AddressError, check_address

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
        if not self.lends_transactions:
            return ""
        # jit by its costs: where it is off, the driver, which looks up types, leaves it off in a session that is lent.
        local = {name: text for name, text in parameters.items() if name != "jit"} | {"jit_above_cost": "-1"}
        return f"begin; {_assignments('set local', local)}"


DIRECT: Final = Pooler()


def check_databases(url: str, mode: str, sessions_url: str) -> None:
    """Raises AddressError where the settings of these names contradict each other. Nothing is asked of anybody."""
    for name, one in (("DUES_DATABASE_URL", url), ("DUES_SESSION_DATABASE_URL", sessions_url)):
        if one:
            check_address(name, one)
    if mode not in get_args(Mode):
        raise AddressError(f"DUES_POOLER must be one of {', '.join(get_args(Mode))}.")
    if mode != "none" and not url:
        raise AddressError("DUES_POOLER is for a pooler at DUES_DATABASE_URL: set that too.")
    if mode == "none" and sessions_url:
        raise AddressError("DUES_SESSION_DATABASE_URL is for where DUES_DATABASE_URL is a pooler: set DUES_POOLER too.")
    if mode.startswith("transaction") and not sessions_url:
        raise AddressError(
            f"With DUES_POOLER={mode}, set DUES_SESSION_DATABASE_URL to the same database past the pooler."
        )


_NAME: Final = "application_name"


def _assignments(verb: str, parameters: Mapping[str, str]) -> str:
    return "; ".join(f"{verb} {name} = '{text}'" for name, text in parameters.items() if name != _NAME)


async def _set(statements: str, connection: Any) -> None:
    await connection.execute(statements)
