"""The proxies of the guide, with the configurations of the guide, in front of a real server."""

import json
import os
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from socket import create_connection

import httpx
import pytest
import trustme

from dues.http.exchange import BODY_BYTES_MAX
from tests.conftest import Desk, make_merchant
from tests.journeys.own_database import until
from tests.journeys.proxies.programs import Program, Tap, programs
from tests.pages.page import read_page
from tests.running import Caller, RunningServer, free_port, new_key, new_reference

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes long"),
]

AUTHORITY = trustme.CA()

ACCOUNTS = "/dues/billing/accounts"


@dataclass
class Front:
    """A server behind a proxy: as clients see it, and what passed between the two."""

    base: str
    port: int
    server: RunningServer
    tap: Tap
    trust: ssl.SSLContext


@pytest.fixture(scope="module", params=programs(), ids=lambda program: program.name)
def front(
    request: pytest.FixtureRequest, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """The server, the tap and the proxy."""
    program: Program = request.param
    if not program.executable:
        pytest.skip(f"this machine has no {program.name}")
    folder = tmp_path_factory.mktemp(program.name)
    folder.chmod(0o755)
    AUTHORITY.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "certificate.pem"))
    port = free_port()
    base = f"https://localhost:{port}"
    server = RunningServer(
        database_url=database_url,
        log=folder / "server",
        webhooks="false",
        public_url=f"{base}/dues",
        trusted_proxies="127.0.0.1",
    )
    trust = ssl.create_default_context()
    AUTHORITY.configure_trust(trust)
    with server.running():
        tap = Tap(server.port)
        try:
            with program.running(folder, port, tap.port):
                yield Front(base, port, server, tap, trust)
        finally:
            tap.close()


@pytest.fixture
def anna(front: Front, desk: Desk) -> Iterator[Caller]:
    """Who calls through the proxy."""
    merchant = make_merchant(desk, front.server, 1)
    caller = Caller(front.base, merchant.key())
    caller.http = httpx.Client(base_url=front.base, headers=caller.http.headers, timeout=30, verify=front.trust)
    _until_it_passes_on(caller)
    yield caller
    caller.http.close()


def _until_it_passes_on(caller: Caller) -> None:
    deadline = time.monotonic() + 10
    while caller.get("/dues/docs/assets/none").status_code in (502, 503) and time.monotonic() < deadline:
        time.sleep(0.1)


def opened(caller: Caller, reference: str, key: str | None = None, **headers: str) -> httpx.Response:
    body = {"customer": {"external_reference": f"C {reference}"}, "external_reference": reference}
    return caller.post(ACCOUNTS, body, key, **headers)


def test_a_request_is_carried_out_once_and_its_answer_comes_whole(anna: Caller) -> None:
    key = new_key()
    first, second = opened(anna, "A", key), opened(anna, "A", key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"
    assert first.headers["request-id"].startswith("req_")
    assert first.headers["cache-control"] == "no-store"
    refused = opened(anna, "A")
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")


def test_a_tag_is_known_again_whatever_became_of_it(anna: Caller) -> None:
    path = f"{ACCOUNTS}/{opened(anna, 'A').json()['id']}"
    tag = anna.get(path, Accept_Encoding="gzip").headers["etag"]
    bare = tag.removeprefix("W/")
    for known in (tag, bare, f"W/{bare}", bare[:-1] + '-gzip"', bare[:-1] + ';gzip"'):
        assert anna.get(path, If_None_Match=known).status_code == 304, known
    assert anna.get(path, If_None_Match='"other"').status_code == 200
    assert anna.patch(path, {"name": "B"}, If_Match=tag).status_code == 200
    assert anna.patch(path, {"name": "C"}, If_Match=tag).status_code == 412


@pytest.mark.parametrize("reference", ["INV/2026/001", "a b+c", "50%", "é/ü", "x//y", "../up", "a?b#c", "a%2Fb"])
def test_a_reference_comes_through_as_it_is(anna: Caller, reference: str) -> None:
    made = opened(anna, reference)
    assert made.status_code == 201
    path = httpx.URL("/").copy_with(raw_path=f"{ACCOUNTS}/".encode() + _escaped(reference))
    assert anna.http.get(path).json() == made.json()


def _escaped(reference: str) -> bytes:
    return "".join(f"%{byte:02X}" for byte in reference.encode()).encode()


def test_who_waits_for_events_is_told_when_there_is_one(anna: Caller) -> None:
    feed = "/dues/billing/events?order=oldest_first"
    opened(anna, "A")
    cursor = anna.get(feed).json()["next_cursor"]
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(anna.get, f"{feed}&wait=20&cursor={cursor}")
        time.sleep(1)
        opened(anna, "B")
        told = waiting.result(15)
    assert 1 <= time.monotonic() - begun < 10
    assert {event["type"] for event in told.json()["data"]} <= {"account.created", "customer.created"}
    assert told.json()["data"]


def test_a_large_body_comes_through_and_one_that_is_too_large_is_told_so(anna: Caller) -> None:
    body = f'{{"customer": {{"external_reference": "C"}}, "external_reference": "{new_reference()}"}}'
    headers = {"Idempotency-Key": new_key(), "Content-Type": "application/json"}
    assert anna.http.post(ACCOUNTS, content=body.ljust(BODY_BYTES_MAX), headers=headers).status_code == 201
    refused = anna.http.post(ACCOUNTS, content=b" " * (BODY_BYTES_MAX + 1), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")


def test_who_waits_to_be_told_may_send_its_body(front: Front, anna: Caller) -> None:
    body = b'{"customer": {"external_reference": "C"}, "external_reference": "waits"}'
    head = f"POST {ACCOUNTS} HTTP/1.1\r\nHost: localhost:{front.port}\r\nIdempotency-Key: w\r\nExpect: 100-continue\r\n"
    head += f"Authorization: {anna.http.headers['authorization']}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with (
        create_connection(("127.0.0.1", front.port), timeout=10) as bare,
        front.trust.wrap_socket(bare, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.encode())
        told = connection.recv(4096)
        assert told.startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        received = told
        while part := connection.recv(4096):
            received += part
    assert b"HTTP/1.1 201 " in received


def test_the_server_is_told_who_called_and_not_what_the_client_says(front: Front, anna: Caller) -> None:
    front.tap.sent.clear()
    anna.get(ACCOUNTS, X_Forwarded_For="192.0.2.66", X_Forwarded_Proto="gopher")
    (head,) = front.tap.heads()
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["host"] == f"localhost:{front.port}"
    assert head.startswith(f"GET {ACCOUNTS} HTTP/1.1")


def test_the_log_says_who_called_the_proxy(front: Front, anna: Caller) -> None:
    from_elsewhere = httpx.HTTPTransport(verify=front.trust, local_address="127.0.0.2")
    with httpx.Client(base_url=front.base, headers=anna.http.headers, transport=from_elsewhere) as http:
        asked = http.get(ACCOUNTS, headers={"X-Forwarded-For": "192.0.2.66"}).headers["request-id"]
    until(lambda: any(asked in line for line in _lines(front)))
    (line,) = [json.loads(line) for line in _lines(front) if asked in line]
    assert line["client"] == "127.0.0.2"


def _lines(front: Front) -> list[str]:
    return front.server.log.read_text().splitlines()


def test_connections_to_the_server_are_used_again(front: Front, anna: Caller) -> None:
    opened(anna, "A")
    before = front.tap.connections
    for _ in range(20):
        assert anna.get(ACCOUNTS).status_code == 200
    assert front.tap.connections - before <= 2


def test_lists_errors_and_pages_lead_back_through_the_proxy(front: Front, anna: Caller) -> None:
    for reference in ("A", "B"):
        opened(anna, reference)
    link = anna.get(f"{ACCOUNTS}?limit=1").headers["link"].partition(">")[0].removeprefix("<")
    assert link.startswith(f"{front.base}{ACCOUNTS}?")
    assert [one["external_reference"] for one in anna.http.get(link).json()["data"]] == ["A"]
    problem = anna.get(f"{ACCOUNTS}/none").json()
    explained = anna.http.get(problem["type"])
    assert problem["type"].partition("#")[2] in read_page(explained.content).ids
    document = anna.get("/dues/openapi.json").json()
    assert [one["url"] for one in document["servers"]] == [f"{front.base}/dues"]


def test_pages_come_compressed_and_once(front: Front, anna: Caller) -> None:
    page = anna.get("/dues/docs", Accept_Encoding="gzip")
    assert page.headers["content-encoding"] == "gzip"
    assert f"export BILLING_URL={front.base}/dues\n" in page.text
    assert anna.get("/dues/docs", Accept_Encoding="gzip", If_None_Match=page.headers["etag"]).status_code == 304
    for asset in read_page(page.content).loaded:
        assert anna.get(f"/dues/{asset}").status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/dues/readyz", "/dues/metrics"])
def test_what_asks_for_no_key_stays_inside(anna: Caller, path: str) -> None:
    answer = anna.get(path)
    assert answer.status_code in (403, 404)
    assert "request-id" not in answer.headers
