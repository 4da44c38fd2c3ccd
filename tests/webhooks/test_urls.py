"""What can be seen of a URL without looking anything up is refused at once, with a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.webhooks.addresses import refuse_url
from dues.webhooks.destinations import Destinations, parse_ports
from tests.webhooks.receiver import run, sender


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/webhooks",
        "https://example.com",
        "https://example.com:8443/a/b?c=d&e=%20",
        "https://hooks.example.co.uk./",
        "https://xn--mnchen-3ya.example/",
        "https://münchen.example/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:1444/",
        "https://localhost.example.com/",
        "https://notlocalhost/",
    ],
)
def test_a_url_that_leads_to_the_internet_is_accepted(url: str) -> None:
    assert refuse_url(url, Destinations(allow_private=False), live=True) is None


def test_only_live_mode_needs_https() -> None:
    assert refuse_url("http://example.com/", Destinations(allow_private=False), live=False) is None
    assert (
        refuse_url("http://example.com/", Destinations(allow_private=True), live=True)
        == "must begin with https:// in live mode."
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https",
        "https:",
        "https://",
        "https:///webhooks",
        "https://:443/",
        "//example.com/",
        "example.com/webhooks",
        "/webhooks",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "https://example.com:99999/",
        "https://example.com:-1/",
        "https://example.com:http/",
        "https://[::1/",
        "https://[nonsense]/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https://127.0.0.1:80@example.com/",
        "https://example.com/#there",
        "https://example.com/ webhooks",
        " https://example.com/",
        "https://example.com/\n",
        "https://exam\tple.com/",
        "https://example.com/\u2003",
        "https://example.com/\0",
        "https://exam\0ple.com/",
        "https://exa<mple.com/",
        "https://-/",
        "https://%31%32%37.0.0.1/",
        "https://localhost%00/",
        "https://..../",
    ],
)
def test_what_is_no_such_url_is_refused_with_a_sentence(url: str) -> None:
    refusal = refuse_url(url, Destinations(allow_private=False), live=False)
    assert refusal
    assert refusal.startswith(("must ", "leads to "))
    assert refusal.endswith((".", ".)"))


@pytest.mark.parametrize("port", [1, 21, 22, 23, 25, 53, 110, 445, 587, 1023])
def test_a_port_of_something_else_is_refused_when_it_is_named_and_when_it_is_called(port: int) -> None:
    url = f"https://example.com:{port}/"
    refusal = refuse_url(url, Destinations(allow_private=True), live=True)
    assert refusal == f"leads to port {port}, where no webhooks go. They may go to 80, 443, 1024 to 65535."

    async def call() -> str | None:
        async with sender() as one:
            return (await one.send(url, {}, b"{}")).error

    assert run(call()) == f"refused_port: to port {port} no webhooks go."


def test_the_port_of_a_scheme_is_one_too() -> None:
    tls_alone = Destinations(ports=parse_ports("443"))
    assert refuse_url("https://example.com/", tls_alone, live=False) is None
    assert refuse_url("http://example.com/", tls_alone, live=False)


@given(st.lists(st.tuples(st.integers(1, 65_535), st.integers(1, 65_535)).map(sorted), min_size=1), st.data())
def test_ports_are_those_that_are_written(ranges: list[list[int]], data: st.DataObject) -> None:
    ports = parse_ports(" , ".join(f"{low}-{high}" if low < high else str(low) for low, high in ranges))
    asked = data.draw(st.one_of(st.integers(0, 65_536), st.sampled_from([end for ends in ranges for end in ends])))
    assert (asked in ports) == any(low <= asked <= high for low, high in ranges)
