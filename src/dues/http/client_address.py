"""Where a request came from: the address of the connection, or what proxies that we trust say of it."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from dues.http.exchange import Headers
from dues.tenants.keys import Network

Address = IPv4Address | IPv6Address

HOPS_MAX: Final = 32
"""More proxies than anybody has in a row. What is left of them is not read."""

HEADER_BYTES_MAX: Final = 8192
"""Of the header; what is left of that is not read either."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, with commas between them. Raises ValueError at what is neither."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def parse_address(text: str) -> Address | None:
    """An address; None where it is none. One of IPv4 that is dressed up as IPv6 is itself."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of these networks."""
    parsed = parse_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def client_address(peer: str, headers: Headers, trusted: Sequence[Network]) -> str:
    """The address of the client: the peer's, unless that is a trusted proxy.

    Each proxy adds on the right whom it was called by. So it is read from there, as long as those who said it are
    trusted; what is left of the first who is not could be anybody's invention. X-Forwarded-For goes before Forwarded.
    """
    client = peer
    if not is_within(peer, trusted):
        return client
    forwarded = headers.get(b"x-forwarded-for")
    hops = _x_forwarded_for(forwarded) if forwarded else _forwarded(headers.get(b"forwarded", b""))
    for hop in hops:
        address = parse_address(hop)
        if address is None:
            break
        client = str(address)
        if not is_within(client, trusted):
            break
    return client


def _x_forwarded_for(value: bytes) -> Iterator[str]:
    for hop in _hops(value):
        yield _without_port(hop.strip())


def _forwarded(value: bytes) -> Iterator[str]:
    """RFC 7239: `for=192.0.2.43, for="[2001:db8::1]:4711";proto=https`.

    A comma within quotes cuts an element in two, neither of which is an address: what a client has a proxy quote, such
    as a host, must not look like an element.
    """
    for element in _hops(value):
        pairs = [pair.partition("=") for pair in element.split(";")]
        named = [node.strip() for name, _, node in pairs if name.strip().lower() == "for"]
        is_whole = len(named) == 1 and element.count('"') % 2 == 0 and "\\" not in element
        yield _without_port(named[0].strip('"')) if is_whole else ""


def _hops(value: bytes) -> Iterator[str]:
    return reversed(value[-HEADER_BYTES_MAX:].decode("latin-1").split(",")[-HOPS_MAX:])


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
