"""How a connection is made to one host, or refused in a sentence."""

import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from dues.db.address import host_of
from dues.db.errors import Unavailable

CONNECT_TIMEOUT_SECONDS: Final = 5.0
"""A database that neither answers nor refuses is away."""


class CannotConnect(Unavailable):
    """No connection was made. The message is a sentence for whoever set the URL; it has no password in it."""


async def connect_to(url: str, seconds: float, options: Mapping[str, Any]) -> Any:
    """A connection of the driver's to the one host of a URL, made with its `options`. Raises CannotConnect."""
    try:
        return await asyncpg.connect(url, **{**options, "timeout": seconds})
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
