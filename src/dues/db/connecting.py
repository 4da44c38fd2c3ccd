"""How connections are made: to the first of the hosts that can be written to, or refused in a sentence."""

import socket
import ssl
from typing import Any, Final

import asyncpg

from dues.db.address import WRITABLE, host_of, split_hosts
from dues.db.errors import Unavailable

CONNECT_TIMEOUT_SECONDS: Final = 5.0
"""A database that neither answers nor refuses is away."""

HOST_TIMEOUT_SECONDS: Final = 2.0
"""Where there are several hosts, each gets less: a machine that is frozen must not hide the one that took over."""


class CannotConnect(Unavailable):
    """No connection was made. The message is a sentence for whoever set the URL; it has no password in it."""


class Route:
    """The way to the database that a URL names. It remembers which host could be written to, and begins with that."""

    def __init__(self, url: str) -> None:
        """Raises CannotConnect for what is no URL."""
        try:
            self._urls = split_hosts(url)
        except ValueError:
            raise CannotConnect("The URL of the database has a host or port that is none.") from None
        self._first = 0

    async def connect(self, *_: Any, **options: Any) -> Any:
        """A connection of the driver's, made with its `options`. Raises CannotConnect.

        Of several hosts, it is to the first that can be written to: never to a standby.
        """
        if len(self._urls) == 1:
            return await _connect(self._urls[0], CONNECT_TIMEOUT_SECONDS, options)
        count, said = len(self._urls), []
        seconds = min(HOST_TIMEOUT_SECONDS, 0.9 * CONNECT_TIMEOUT_SECONDS / count)
        for turn in range(count):
            place = (self._first + turn) % count
            try:
                found = await _connect(self._urls[place], seconds, {"target_session_attrs": WRITABLE[0]} | options)
            except CannotConnect as error:
                said.append(str(error))
                continue
            self._first = place
            return found
        raise CannotConnect(" ".join(said))


async def connect(url: str, **options: Any) -> Any:
    """The same, once."""
    return await Route(url).connect(**options)


async def _connect(url: str, seconds: float, options: dict[str, Any]) -> Any:
    try:
        return await asyncpg.connect(url, **options | {"timeout": seconds})
    except (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
        ValueError,
    ) as error:
        raise CannotConnect(f"Cannot connect to PostgreSQL at {host_of(url)}: {_reason(error, seconds)}") from error


def _reason(error: BaseException, seconds: float) -> str:
    """What was wrong, and what to do. Of what the URL says it repeats hosts, files and names."""
    said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    match error:
        case asyncpg.InvalidPasswordError():
            return f"{said}. Look at the user and the password in its URL."
        case asyncpg.InvalidCatalogNameError():
            return f"{said}. Create it first."
        case asyncpg.TargetServerAttributeNotMatched():
            return "it is a standby, or read-only, and dues writes."
        case asyncpg.ProtocolViolationError() if "startup parameter" in said:
            return f"{said}. That is a pooler: set DUES_POOLER to its mode."
        case ssl.SSLCertVerificationError() if error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
            return f"its certificate is for another name ({error.verify_message.rstrip('.')})."
        case ssl.SSLCertVerificationError():
            return f"its certificate is not to be trusted ({error.verify_message}). Look at sslrootcert in its URL."
        case ssl.SSLError():
            return f"TLS fails: {said}."
        case TimeoutError():
            return f"it does not answer within {seconds:g} seconds."
        case socket.gaierror():
            return f"no such host is known ({error.strerror})."
        case FileNotFoundError():  # by the driver without its name
            return "there is no such socket, or no file that sslrootcert, sslcert or sslkey in its URL names."
        case ConnectionRefusedError():
            return "nobody listens there."
        case OSError():
            return f"{error.strerror or said}."
        case ValueError() if not isinstance(error, asyncpg.InterfaceError):  # it may quote the URL
            return "its URL is none. In a password, write % and what is neither letter nor digit as %25 and so on."
        case _:
            return f"{said}."


_OTHER_NAME: Final = 62
_OTHER_ADDRESS: Final = 64
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
