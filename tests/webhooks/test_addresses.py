"""No webhook goes to an address that is not public, however it is spelt."""

import asyncio
from ipaddress import ip_address

import pytest

from dues.webhooks.addresses import is_public, refuse_url
from dues.webhooks.destinations import Destinations
from tests.webhooks.listeners import Listeners, has_ipv6, watched
from tests.webhooks.receiver import sender

LOOPBACK = [
    "127.0.0.1",
    "127.255.255.254",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0.0.0x1",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "0.0.0.0",
    "localhost",
    "LocalHost",
    "ｌｏｃａｌｈｏｓｔ",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
]
"""Ways to say this machine, each of which gets there."""

LEGACY = ["127.1", "127.0.1", "2130706433", "017700000001", "0177.0.0.1", "0"]
"""Ways to say it to the resolvers of operating systems, which the HTTP client does not take."""

HOSTILE = [
    *LOOPBACK,
    *LEGACY,
    "127.0.0.1.",
    "localhost.",
    "a.localhost",
    "a.b.LOCALHOST.",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:7f00:0:100:101:101]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:0:7f00:1:8000:63bf:fefe:fefe]",
    "[::1%25lo]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "167772161",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.170",
    "168.63.129.16",
    "[::ffff:168.63.129.16]",
    "[64:ff9b::168.63.129.16]",
    "[::168.63.129.16]",
    "192.88.99.1",
    "[2002:5db8:d70e::1]",
    "[2001:0:5db8:d70e:8000:63bf:a247:28f1]",
    "[::93.184.215.14]",
    "[64:ff9b::100.64.0.1]",
    "[64:ff9b::192.0.0.9]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[5f00::1]",
    "[feff::1]",
    "[3fff:fff::1]",
    "192.0.2.255",
    "198.19.255.255",
    "239.255.255.255",
    "255.255.255.254",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]


def call(host: str, *, allow_private: bool) -> tuple[str, list[str], int]:
    """Sends there, on a port where this machine listens: the error, the addresses tried, and the calls heard."""
    errors: list[str | None] = []
    listeners = Listeners()

    async def work() -> None:
        port = await listeners.open()
        async with sender(allow_private=allow_private) as one:
            errors.append((await one.send(f"http://{host}:{port}/", {}, b"{}")).error)
        listeners.close()

    tried = watched(work)
    return errors[0] or "", tried, listeners.calls


@pytest.mark.parametrize("host", HOSTILE)
@pytest.mark.parametrize("form", ["http://{}/hook", "https://{}:8443/"])
def test_a_url_with_such_a_host_is_refused(host: str, form: str) -> None:
    refusal = refuse_url(form.format(host), Destinations(allow_private=False), live=False)
    assert refusal
    assert "no public address" in refusal


@pytest.mark.parametrize("host", HOSTILE)
def test_nothing_connects_to_such_a_host(host: str) -> None:
    error, tried, heard = call(host, allow_private=False)
    assert (tried, heard) == ([], 0)
    assert error.startswith("refused_address: ")


@pytest.mark.parametrize("host", LOOPBACK)
def test_where_private_addresses_are_allowed_it_gets_there(host: str) -> None:
    if host.startswith("[") and "ffff" not in host and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    error, _, heard = call(host, allow_private=True)
    assert heard == 1, error
    assert refuse_url(f"http://{host}/", Destinations(allow_private=True), live=False) is None


@pytest.mark.parametrize("host", LEGACY)
def test_the_old_spellings_do_lead_to_this_machine(host: str) -> None:
    listeners = Listeners()

    async def work() -> None:
        _, writer = await asyncio.open_connection(host, await listeners.open())
        writer.transport.abort()
        await asyncio.sleep(0.01)
        listeners.close()

    watched(work)
    assert listeners.calls == 1


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "168.63.129.17", "192.88.98.1", "64:ff9b::93.184.215.14", "2606:2800::1"]
)
def test_their_neighbours_are_public(address: str) -> None:
    assert is_public(ip_address(address))
