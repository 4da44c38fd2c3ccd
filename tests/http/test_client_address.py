"""Where a request came from: nobody chooses its own address but who is trusted to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.http.client_address import client_address, is_within, parse_networks

TRUSTED = parse_networks("10.0.0.0/8, 2001:db8:1::/48, 192.0.2.1")
PROXY = "10.0.0.1"

outsiders = st.sampled_from(["198.51.100.7", "203.0.113.9", "2001:db8:2::5"])
addresses = st.ip_addresses().map(str)
garbage = st.text(st.characters(max_codepoint=255), max_size=40) | addresses.map(lambda one: f"for={one}")
claims = st.dictionaries(
    st.sampled_from([b"x-forwarded-for", b"forwarded"]), garbage.map(lambda text: text.encode("latin-1"))
)


@given(outsiders, claims)
def test_whoever_is_behind_no_trusted_proxy_is_who_it_is(peer: str, headers: dict[bytes, bytes]) -> None:
    assert client_address(peer, headers, TRUSTED) == peer


@given(addresses, claims)
def test_where_nobody_is_trusted_nobody_is_believed(peer: str, headers: dict[bytes, bytes]) -> None:
    assert client_address(peer, headers, ()) == peer


@given(outsiders, garbage)
def test_behind_a_trusted_proxy_what_a_client_sends_itself_counts_for_nothing(client: str, sent: str) -> None:
    """Proxies add whom they were called by to what they were sent."""
    headers = {b"x-forwarded-for": f"{sent}, {client}".encode("latin-1")}
    assert client_address(PROXY, headers, TRUSTED) == client
    headers = {b"x-forwarded-for": f"{sent}, {client}, 10.9.9.9".encode("latin-1")}
    assert client_address(PROXY, headers, TRUSTED) == client


@given(outsiders, garbage)
def test_the_same_holds_where_proxies_speak_as_the_rfc_says(client: str, sent: str) -> None:
    node = f'"[{client}]:4711"' if ":" in client else client
    headers = {b"forwarded": f"{sent}, for={node};proto=https".encode("latin-1")}
    assert client_address(PROXY, headers, TRUSTED) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8:2::5]:4711", "2001:db8:2::5"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7, 10.0.0.2, 192.0.2.1", "198.51.100.7"),
        ("203.0.113.9,198.51.100.7", "198.51.100.7"),
        ("10.0.0.5", "10.0.0.5"),
        ("unknown", PROXY),
        ("203.0.113.9, unknown", PROXY),
        ("203.0.113.9, unknown, 10.0.0.5", "10.0.0.5"),
        ("", PROXY),
        (" , ", PROXY),
        ("999.1.1.1", PROXY),
    ],
)
def test_the_rightmost_address_that_is_not_trusted_is_the_clients(forwarded: str, client: str) -> None:
    assert client_address(PROXY, {b"x-forwarded-for": forwarded.encode()}, TRUSTED) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ('For="198.51.100.7:80"; Proto=http', "198.51.100.7"),
        ('for=203.0.113.9, for="[2001:db8:2::5]"', "2001:db8:2::5"),
        ("for=_hidden", PROXY),
        ("proto=https", PROXY),
        ("for=203.0.113.9;for=198.51.100.7", PROXY),
        # What a client has a proxy quote is not what the proxy says.
        ('for=198.51.100.7;host="x, for=203.0.113.9;y="', PROXY),
        ('for=198.51.100.7;host="x\\", for=203.0.113.9;y=\\""', PROXY),
    ],
)
def test_forwarded_is_read_as_the_rfc_has_it(forwarded: str, client: str) -> None:
    assert client_address(PROXY, {b"forwarded": forwarded.encode()}, TRUSTED) == client


def test_of_the_two_headers_the_one_that_proxies_know_counts() -> None:
    headers = {b"forwarded": b"for=203.0.113.9", b"x-forwarded-for": b"198.51.100.7"}
    assert client_address(PROXY, headers, TRUSTED) == "198.51.100.7"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0", "example.com", "10.0.0.0/33", "10.0.0.1;10.0.0.2"])
def test_what_is_no_network_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_networks(text)


def test_an_address_is_within_networks_of_its_kind() -> None:
    assert is_within("192.0.2.1", TRUSTED)
    assert is_within("::ffff:10.1.2.3", TRUSTED)
    assert not is_within("192.0.2.2", TRUSTED)
    assert not is_within("-", TRUSTED)
