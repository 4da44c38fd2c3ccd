"""Where webhooks may go: to public addresses, however they are spelt and whatever their names resolve to.

A merchant chooses the URL, and the server stands inside somebody's network: without this, whoever has a key could
have it call the database, a neighbour's admin page, or the cloud's metadata service. What a name resolves to is looked
at when it is called (`resolver.py`).
"""

import re
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from yarl import URL

_NEVER: Final = tuple(map(IPv6Network, ("64:ff9b:1::/48", "fec0::/10", "3fff::/20")))
"""A site's own NAT64 and addresses of old, and examples: not every Python knows that they are not public."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")

_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")


def refuse_url(url: str, *, live: bool, allow_private: bool) -> str | None:
    """What is wrong with a URL that events are to go to, if anything can be seen of it without looking it up."""
    if any(character.isspace() for character in url) or not url.isprintable():
        return "must not have white space or control characters in it."
    try:
        parts = URL(url)
        host = parts.host
        _ = parts.port
    except ValueError:
        return "must be a URL, like https://example.com/webhooks."
    if parts.scheme not in ("http", "https") or not host:
        return "must be a whole URL, like https://example.com/webhooks."
    if not _NAME.fullmatch(parts.raw_host or "") and _literal(host) is None:
        return "must have the name of a host in it, like https://example.com/webhooks."
    if parts.user is not None or parts.password is not None:
        return "must not have a user name or password in it: webhooks are signed."
    if parts.raw_fragment:
        return "must not have a fragment (#…): that is never sent."
    if live and parts.scheme != "https":
        return "must begin with https:// in live mode."
    if not allow_private and not may_be_public(host):
        return f"leads to {host}, which is no public address. (Your server's operator can allow that.)"
    return None


def may_be_public(host: str) -> bool:
    """Whether a host is a public address, or a name that may have one."""
    name = host.strip("[]").rstrip(".").lower()
    literal = _literal(name)
    return is_public(literal) if literal else name != "localhost" and not name.endswith(".localhost")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address, and every address inside it, is one of the public internet."""
    if any(address in network for network in _NEVER):
        return False
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _all_of(address))


def _all_of(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """An address, or those that are inside it: IPv6 has several ways to write IPv4, and each leads there."""
    if isinstance(address, IPv4Address):
        yield address
        return
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield low
    else:
        yield address
        if address in _COMPATIBLE:
            yield low
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in any spelling that resolvers take: 127.1, 0x7f000001, 017700000001, 2130706433."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
