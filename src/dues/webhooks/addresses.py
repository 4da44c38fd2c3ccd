"""Where webhooks may go: to public addresses, however they are spelt and whatever their names resolve to.

A merchant chooses the URL, and the server stands inside somebody's network: without this, whoever has a key could
have it call the database, a neighbour's admin page, or the cloud's metadata service. What a name resolves to is looked
at when it is called (`resolver.py`).
"""

import re
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from yarl import URL

from dues.webhooks.destinations import Destinations

_NEVER: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this machine, in many systems
            "10.0.0.0/8",
            "100.64.0.0/10",  # behind a provider's NAT
            "127.0.0.0/8",
            "168.63.129.16/32",  # a public number by which every machine in Azure reaches its host
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocols' own
            "192.0.2.0/24",  # examples
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # examples
            "203.0.113.0/24",  # examples
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
            "::/128",
            "::1/128",
            "64:ff9b:1::/48",  # a site's own NAT64
            "100::/64",  # discarded
            "2001::/32",  # Teredo: whoever is inside it is behind somebody's NAT
            "2001:2::/48",  # benchmarks
            "2001:10::/28",  # ORCHID, of old
            "2001:db8::/32",  # examples
            "2002::/16",  # 6to4: its relays are gone, and what is inside may be private
            "3fff::/20",  # examples
            "5f00::/16",  # segment routing
            "fc00::/7",  # a site's own
            "fe80::/10",  # a link's own
            "fec0::/10",  # a site's own, of old
            "ff00::/8",  # multicast
        ),
    )
)
"""What is not of the public internet. Which of it `is_global` knows depends on the Python; this list does not."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")

_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")


def refuse_url(url: str, destinations: Destinations, *, live: bool) -> str | None:
    """What is wrong with a URL that events are to go to, if anything can be seen of it without looking it up."""
    if any(character.isspace() for character in url) or not url.isprintable():
        return "must not have white space or control characters in it."
    try:
        parts = URL(url)
        host = parts.host
        port = parts.port
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
    if port is None or port not in destinations.ports:
        return f"leads to port {port}, where no webhooks go. They may go to {destinations.ports}."
    if not destinations.allow_private and not may_be_public(host):
        return f"leads to {host}, which is no public address. (Your server's operator can allow that.)"
    return None


def may_be_public(host: str) -> bool:
    """Whether a host is a public address, or a name that may have one."""
    name = host.strip("[]").rstrip(".").lower()
    literal = _literal(name)
    return is_public(literal) if literal else name != "localhost" and not name.endswith(".localhost")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address, and every address inside it, is one of the public internet."""
    return all(
        one.is_global
        and not one.is_multicast
        and not one.is_reserved
        and not any(one in network for network in _NEVER if network.version == one.version)
        for one in _all_of(address)
    )


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
