"""Pages of origins that are named may read answers, and nobody else's."""

from collections.abc import Iterator

import pytest

from dues.http.cors import Cors, parse_origins
from tests.http.stage import Client, Stage, get, post

SHOP = "https://shop.example"


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server whose answers pages of the shop may read."""
    running = Stage(20, 75, cors=Cors(parse_origins(f"{SHOP}, http://localhost:3000")))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def browser(stage: Stage) -> Iterator[Client]:
    """Somebody connected to it."""
    with stage.connected() as somebody:
        yield somebody


def preflight(path: str, origin: str = SHOP, method: str = "POST") -> bytes:
    """What a browser asks before it sends."""
    asked = get(
        path,
        f"Origin: {origin}",
        f"Access-Control-Request-Method: {method}",
        "Access-Control-Request-Headers: authorization,content-type,idempotency-key",
    )
    return asked.replace(b"GET", b"OPTIONS", 1)


@pytest.mark.parametrize("origin", [SHOP, "http://localhost:3000"])
def test_a_preflight_is_answered_to_an_origin_that_is_named(browser: Client, origin: str) -> None:
    browser.send(preflight("/echo", origin))
    head = browser.head()
    assert head.startswith("HTTP/1.1 204")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert headers["access-control-allow-origin"] == origin
    assert "POST" in headers["access-control-allow-methods"].split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= {
        *headers["access-control-allow-headers"].lower().split(", ")
    }
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers
    assert "content-length" not in headers
    # The connection goes on.
    browser.send(get("/slow/0", f"Origin: {origin}"))
    status, headers, _ = browser.answer()
    assert (status, headers["access-control-allow-origin"]) == (200, origin)


def test_a_page_may_read_why_it_may_not(browser: Client) -> None:
    browser.send(preflight("/nothing"))
    assert browser.head().startswith("HTTP/1.1 204")
    for request in (post(b"{", "Origin: " + SHOP, path="/nothing"), post(b"no", f"Origin: {SHOP}", path="/slow/1")):
        browser.send(request)
        status, headers, _ = browser.answer()
        assert status in (404, 405)
        assert headers["access-control-allow-origin"] == SHOP
        assert "Retry-After" in headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.evil.example", "null", "", SHOP + "/"]
)
def test_nobody_else_is_told_anything(browser: Client, origin: str) -> None:
    browser.send(preflight("/echo", origin))
    status, headers, _ = browser.answer()
    assert status == 405
    assert not any(name.startswith("access-control") for name in headers)
    browser.send(get("/slow/0", f"Origin: {origin}"))
    status, headers, _ = browser.answer()
    assert status == 200
    assert not any(name.startswith("access-control") for name in headers)
    # Caches must not give it to a page that would be told more.
    assert headers["vary"] == "Origin"


def test_where_no_origin_is_named_nothing_is_different() -> None:
    stage = Stage(20, 75)
    stage.start()
    try:
        with stage.connected() as browser:
            browser.send(preflight("/echo"))
            status, headers, _ = browser.answer()
    finally:
        stage.stop()
    assert status == 405
    assert not {"vary", "access-control-allow-origin"} & headers.keys()


@pytest.mark.parametrize(
    "text",
    ["*", "shop.example", "https://shop.example/", "https://shop.example/path", "ftp://x", "https://Shop.example"],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_origins(text)
