"""What is the same for everybody goes over the wire once, small, and says where the server is."""

import asyncio
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest

from dues.http.documents import ORIGINS_KEPT, documents, takes_gzip
from dues.http.exchange import Exchange
from dues.http.problems import Reply
from dues.pages.frame import ORIGIN
from dues.pages.site import HTML, File
from tests.conftest import Desk, Merchant, make_merchant
from tests.pages.page import read_page
from tests.running import Caller, RunningServer

PAGES = ["/docs", "/docs/errors", "/docs/guides", "/docs/guides/operate", "/openapi.json"]

DOCS_BYTES_MAX = 150_000


@pytest.mark.parametrize("path", PAGES)
def test_it_is_compressed_for_whoever_takes_that_and_the_same_for_others(server: RunningServer, path: str) -> None:
    zipped = httpx.get(server.base + path, headers={"Accept-Encoding": "gzip, br"})
    plain = httpx.get(server.base + path, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert {zipped.headers["vary"], plain.headers["vary"]} == {"accept-encoding"}
    assert int(zipped.headers["content-length"]) < len(plain.content) / 2


def test_the_api_for_people_is_small_on_the_wire_with_all_that_it_loads(server: RunningServer) -> None:
    page = httpx.get(f"{server.base}/docs")
    sizes = [int(page.headers["content-length"])]
    for asset in read_page(page.content).loaded:
        answer = httpx.get(f"{server.base}/{asset}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        sizes.append(int(answer.headers["content-length"]))
    assert sum(sizes) < DOCS_BYTES_MAX


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_has_not_changed_is_not_sent_again(server: RunningServer, encoding: str) -> None:
    asked = {"Accept-Encoding": encoding}
    first = httpx.get(f"{server.base}/docs", headers=asked)
    tags = [first.headers["etag"], "W/" + first.headers["etag"], f'"x", {first.headers["etag"]}']
    for tag in tags:
        again = httpx.get(f"{server.base}/docs", headers=asked | {"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == "no-cache"
    assert httpx.get(f"{server.base}/docs", headers=asked | {"If-None-Match": '"x"'}).status_code == 200


def test_a_page_lets_nothing_in(server: RunningServer) -> None:
    for path in ("/docs", "/docs/guides"):
        headers = httpx.get(server.base + path).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy.pop("default-src") == "'none'"
        assert {policy.pop(name) for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
        assert policy == dict.fromkeys(("style-src", "script-src", "img-src", "connect-src"), "'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"br, GZIP;q=0.5", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000, br", False),
        (b"deflate, br", False),
        (b"gzipped", False),
    ],
)
def test_who_takes_gzip(accepted: bytes | None, takes: bool) -> None:
    assert takes_gzip(accepted) == takes


def shown(host: str, *lines: tuple[bytes, bytes], public_url: str = "") -> str:
    """What a page says of where the server is."""
    file = File(lambda: f"<{ORIGIN}>".encode(), HTML, tells_origin=True)
    endpoint = documents({"/p": file}, public_url)["/p"]["GET"]
    reply: Reply = asyncio.run(endpoint(Exchange("GET", b"/p", {b"host": host.encode(), **dict(lines)})))  # type: ignore[arg-type]
    return reply.body.decode()[1:-1]


def test_it_says_where_it_was_asked() -> None:
    assert shown("billing.example:8443") == "http://billing.example:8443"
    assert shown("[::1]:8080") == "http://[::1]:8080"
    assert shown("api.example", (b"x-forwarded-proto", b"https")) == "https://api.example"
    assert shown("api.example", (b"x-forwarded-proto", b"javascript")) == "http://api.example"
    assert shown("asked.example", public_url="https://api.example/dues") == "https://api.example/dues"


@pytest.mark.parametrize(
    "host", ["", "<script>", "a b", 'a"b', "a/b", "$(id)", "a`b`", "a@b", "a:123456", "[x]", "a\\b"]
)
def test_what_is_no_host_is_never_shown(host: str) -> None:
    assert shown(host) == "http://127.0.0.1:8080"


def test_made_up_addresses_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made, compressed, compress = [], [], gzip.compress

    def make() -> bytes:
        made.append(ORIGIN)
        return ORIGIN.encode()

    def counted(data: bytes, *, mtime: int) -> bytes:
        compressed.append(data)
        return compress(data, mtime=mtime)

    monkeypatch.setattr(gzip, "compress", counted)
    endpoint = documents({"/p": File(make, HTML, tells_origin=True)}, "")["/p"]["GET"]

    async def ask(hosts: Iterable[int]) -> None:
        for host in hosts:
            await endpoint(Exchange("GET", b"/p", {b"host": b"h%d.example" % host}))

    asyncio.run(ask([*range(ORIGINS_KEPT), *range(ORIGINS_KEPT)]))
    assert len(compressed) == ORIGINS_KEPT
    asyncio.run(ask([ORIGINS_KEPT, 0, *range(2, ORIGINS_KEPT)]))
    assert compressed[ORIGINS_KEPT:] == [b"http://h%d.example" % n for n in (ORIGINS_KEPT, 0)]
    assert len(made) == 1


# A public URL with a path ------------------------------------------------------------------------------------------

PUBLIC = "https://api.example.com/dues"


@pytest.fixture(scope="module")
def below(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that clients call below a path."""
    log: Path = tmp_path_factory.mktemp("below") / "log"
    server = RunningServer(database_url=database_url, log=log, webhooks="false", public_url=PUBLIC)
    with server.running() as running:
        yield running


@pytest.fixture
def anna(below: RunningServer, desk: Desk) -> Caller:
    """Who has a merchant's key for it."""
    merchant: Merchant = make_merchant(desk, below, 1)
    return merchant.caller()


@pytest.mark.parametrize("prefix", ["", "/dues"])
def test_a_path_is_found_with_and_without_what_the_public_url_has_before_it(anna: Caller, prefix: str) -> None:
    reference = f"INV/2026/{prefix}".replace("/", "%2F")
    made = anna.post(
        f"{prefix}/billing/accounts",
        {"customer": {"external_reference": "C"}, "external_reference": f"INV/2026/{prefix}"},
    )
    assert made.status_code == 201
    assert anna.get(f"{prefix}/billing/accounts/{reference}").json()["id"] == made.json()["id"]
    assert anna.get(f"{prefix}/docs").status_code == anna.get(f"{prefix}/healthz").status_code == 200
    assert anna.get(f"/other{prefix}/billing/accounts").status_code == 404


def test_one_key_is_one_request_whatever_the_proxy_left_of_the_path(anna: Caller) -> None:
    body = {"customer": {"external_reference": "C"}, "external_reference": "A"}
    first = anna.post("/billing/accounts", body, "one")
    second = anna.post("/dues/billing/accounts", body, "one")
    assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "true")
    assert first.content == second.content


def test_links_errors_examples_and_the_document_follow_the_public_url(anna: Caller) -> None:
    for _ in range(2):
        anna.open_account()
    page = anna.get("/dues/billing/accounts?limit=1")
    link = page.headers["link"].partition(">")[0].removeprefix("<")
    assert link.startswith(f"{PUBLIC}/billing/accounts?")
    assert anna.get(link.removeprefix("https://api.example.com")).status_code == 200
    assert anna.get("/dues/billing/accounts/x").json()["type"] == f"{PUBLIC}/docs/errors#not-found"
    assert [one["url"] for one in anna.get("/openapi.json").json()["servers"]] == [PUBLIC]
    assert f"export BILLING_URL={PUBLIC}\n" in anna.get("/docs").text
