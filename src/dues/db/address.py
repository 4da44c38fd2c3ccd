"""Where a PostgreSQL is: a URL as libpq has it, which may name several hosts."""

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

WRITABLE: Final = ("read-write", "primary")
"""What may be wanted of a host (`target_session_attrs`). Every other leads to a standby, and dues writes."""


class AddressError(Exception):
    """A URL can be no PostgreSQL's. The message says why, and repeats nothing of it: it may have a password in it."""


def check_address(name: str, url: str) -> None:
    """Raises AddressError, which says what is wrong with the setting of this `name`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressError(f"{name} has a host or port that is none.") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise AddressError(f"{name} must begin with postgresql://")
    try:
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        one_host_each = split_hosts(url)
        ports = [urlsplit(one).port or query.get("port", "5432") for one in one_host_each]
    except ValueError:
        raise AddressError(f"{name} has a host, port or parameter that is none.") from None
    if not all(str(port).replace(",", "").isdecimal() for port in ports):
        raise AddressError(f"{name} has a host or port that is none.")
    if query.get("target_session_attrs", WRITABLE[0]) not in WRITABLE:
        raise AddressError(f"{name} must have read-write as its target_session_attrs: dues writes.")


def split_hosts(url: str) -> list[str]:
    """A URL for each host that it names, in their order. Raises ValueError."""
    parts = urlsplit(url)
    login, at, named = parts.netloc.rpartition("@")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    hosts = (named or query.get("host", "")).split(",")
    if len(hosts) == 1:
        return [url]
    ports = query.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    urls = []
    for host, port in zip(hosts, ports, strict=True):
        own = query | ({"port": port} if port else {}) | ({} if named else {"host": host})
        netloc = f"{login}{at}{host if named else ''}"
        urls.append(urlunsplit(parts._replace(netloc=netloc, query=urlencode(own, safe="/"))))
    return urls


def host_of(url: str) -> str:
    """How people call where it is: hosts and ports, without the login."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "") or "this machine"
