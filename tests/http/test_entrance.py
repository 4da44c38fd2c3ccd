"""The front door: who may come in, and what the others are told."""

import socket
import time
from urllib.parse import quote

import httpx
import pytest

from dues.http.exchange import BODY_BYTES_MAX, BODY_SECONDS_MAX
from tests.conftest import Merchant
from tests.running import Caller, RunningServer, new_key, new_reference

ACCOUNTS = "/billing/accounts"
BODY = {"customer": {"external_reference": "C"}, "external_reference": "A"}


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem, which must be a whole one."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["request-id"]
    assert problem["type"].startswith("/docs/errors#")
    assert {"title", "detail", "instance", "code"} <= problem.keys()
    return answer.status_code, problem["code"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Basic c2tfdGVzdDo=", "Bearer sk_test_" + "x" * 28, "Bearer ' or 1=1", "sk_test_x"],
)
def test_it_lets_in_nobody_without_a_known_key(server: RunningServer, authorization: str | None) -> None:
    headers = {"Idempotency-Key": new_key()} | ({} if authorization is None else {"Authorization": authorization})
    answer = httpx.post(server.base + ACCOUNTS, json=BODY, headers=headers)
    assert told(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("mode", ["test", "live"])
def test_a_public_key_opens_no_billing(merchant: Merchant, mode: str) -> None:
    public = merchant.caller(mode, "public")
    assert told(public.open_account()) == (403, "secret_key_required")
    assert told(public.get(f"{ACCOUNTS}/x")) == (403, "secret_key_required")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_missing"),
        ("k" * 256, "idempotency_key_invalid"),
        ("two words", "idempotency_key_invalid"),
        ("é", "idempotency_key_invalid"),
    ],
)
def test_a_post_needs_an_idempotency_key(alice: Caller, key: str | None, code: str) -> None:
    headers: dict[bytes, bytes] = {} if key is None else {b"Idempotency-Key": key.encode()}
    answer = alice.http.post(ACCOUNTS, json=BODY, headers=headers)
    assert told(answer) == (400, code)
    assert answer.json()["type"].endswith("#" + code.replace("_", "-"))


def test_two_idempotency_keys_are_one_too_many(alice: Caller) -> None:
    answer = alice.http.post(ACCOUNTS, json=BODY, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    assert told(answer) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("key", ["k", "k" * 255, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])
def test_any_visible_ascii_is_a_key_and_can_be_asked_about(alice: Caller, key: str) -> None:
    created = alice.open_account(key).json()
    became = alice.get(f"/billing/idempotency_keys/{quote(key, safe='')}").json()
    assert (became["state"], became["status"], became["object_id"]) == ("completed", 201, created["id"])


def test_nobody_else_can_ask_about_a_key(alice: Caller, mallory: Caller, merchant: Merchant) -> None:
    key = new_key()
    alice.open_account(key)
    for other in (mallory, merchant.caller("live")):
        assert told(other.get(f"/billing/idempotency_keys/{key}")) == (404, "idempotency_key_not_found")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_a_body_is_json_by_its_header(alice: Caller, content_type: str) -> None:
    headers = {"Idempotency-Key": new_key(), "Content-Type": content_type}
    assert told(alice.http.post(ACCOUNTS, content=b"{}", headers=headers)) == (415, "unsupported_media_type")


def test_a_charset_and_capitals_do_no_harm(alice: Caller) -> None:
    answer = alice.post(
        ACCOUNTS,
        {"customer": {"external_reference": new_reference()}, "external_reference": new_reference()},
        Content_Type="Application/JSON; charset=utf-8",
    )
    assert answer.status_code == 201


def test_a_compressed_body_is_refused(alice: Caller) -> None:
    answer = alice.post(ACCOUNTS, BODY, Content_Encoding="gzip")
    assert told(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_has_a_limit(alice: Caller, chunked: bool) -> None:
    body = b" " * (BODY_BYTES_MAX + 1)
    content = iter([body[:40_000], body[40_000:]]) if chunked else body
    headers = {"Idempotency-Key": new_key(), "Content-Type": "application/json"}
    assert told(alice.http.post(ACCOUNTS, content=content, headers=headers)) == (413, "payload_too_large")


def test_a_body_of_just_the_limit_is_read(alice: Caller) -> None:
    text = b'{"customer": {"external_reference": "%b"}, "external_reference": "%b"}'
    body = (text % (new_reference().encode(), new_reference().encode())).ljust(BODY_BYTES_MAX)
    headers = {"Idempotency-Key": new_key(), "Content-Type": "application/json"}
    assert alice.http.post(ACCOUNTS, content=body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", ACCOUNTS, "GET, HEAD, POST"),
        ("GET", f"{ACCOUNTS}/x/adjustments", "POST"),
        ("DELETE", f"{ACCOUNTS}/x", "GET, HEAD, PATCH"),
        ("POST", "/healthz", "GET, HEAD"),
        ("TRACE", "/docs", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(alice: Caller, method: str, path: str, allow: str) -> None:
    answer = alice.http.request(method, path)
    assert told(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path", ["/", "/billing", "/billing/", f"{ACCOUNTS}/", f"{ACCOUNTS}/a/b", "/%00", "/docs/../x"]
)
def test_there_is_nothing_at_other_paths(alice: Caller, path: str) -> None:
    assert told(alice.get(path)) == (404, "route_not_found")


@pytest.mark.parametrize(
    "name", ["%00", "%ff", "%ED%A0%80", "bacc_", "bacc_%00", "%F0%9F%92%A9", "x" * 2000, "..%2F.."]
)
def test_odd_names_name_nothing(alice: Caller, name: str) -> None:
    assert told(alice.get(f"{ACCOUNTS}/{name}")) == (404, "account_not_found")


@pytest.mark.parametrize(
    "reference",
    ["INV/2024/001", "a'b\"c", "😀", "مرحبا", "a b", "100%", "%2F", "?x=1#y", "..", "日本", "a\\b"],
)
def test_references_that_people_really_use_work_in_a_path(alice: Caller, reference: str) -> None:
    created = alice.open_account(external_reference=reference)
    assert created.status_code == 201
    path = f"{ACCOUNTS}/{quote(reference, safe='').replace('.', '%2E')}"
    assert alice.get(path).json() == created.json()


def test_head_answers_as_get_without_the_body(alice: Caller) -> None:
    account = alice.open_account().json()
    answer = alice.http.head(f"{ACCOUNTS}/{account['id']}")
    assert (answer.status_code, answer.content) == (200, b"")


# Bad days --------------------------------------------------------------------------------------------------------


def connected(server: RunningServer) -> socket.socket:
    """A bare connection, for what no well-behaved client sends."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=BODY_SECONDS_MAX + 5)


def request_bytes(key: str, body: bytes, length: int | None = None) -> bytes:
    """A POST as it goes over the wire, claiming a body of `length`."""
    return (
        f"POST {ACCOUNTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: {new_key()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
    ).encode() + body


@pytest.mark.slow
def test_a_body_that_never_ends_is_timed_out(server: RunningServer, merchant: Merchant) -> None:
    with connected(server) as connection:
        connection.sendall(request_bytes(merchant.key(), b'{"customer":', 1000))
        started = time.monotonic()
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"code":"request_timeout"' in answer
        assert time.monotonic() - started < BODY_SECONDS_MAX + 3


def test_a_client_that_hangs_up_midway_leaves_nothing_behind(
    server: RunningServer, merchant: Merchant, alice: Caller
) -> None:
    reference = new_reference()
    body = f'{{"customer":{{"external_reference":"{reference}"}},"external_reference":"{reference}"}}'.encode()
    with connected(server) as connection:
        connection.sendall(request_bytes(merchant.key(), body[:40], len(body)))
    time.sleep(0.2)
    assert told(alice.get(f"{ACCOUNTS}/{reference}")) == (404, "account_not_found")


def test_a_client_that_hangs_up_before_its_answer_finds_the_work_done(
    server: RunningServer, merchant: Merchant, alice: Caller
) -> None:
    reference, customer = new_reference(), new_reference()
    body = f'{{"customer":{{"external_reference":"{customer}"}},"external_reference":"{reference}"}}'.encode()
    with connected(server) as connection:
        connection.sendall(request_bytes(merchant.key(), body))
        time.sleep(0.1)  # long enough to be read; the answer stays unread
    deadline = time.monotonic() + 5
    while alice.get(f"{ACCOUNTS}/{reference}").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("rubbish", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\0" * 100, b"POST / HTTP/9.9\r\n\r\n"])
def test_rubbish_ends_the_connection_and_nothing_else(server: RunningServer, alice: Caller, rubbish: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(rubbish)
        assert b" 50" not in connection.recv(4096)[:16]
    assert alice.open_account().status_code == 201


def test_a_thousand_idle_connections_harm_nobody(server: RunningServer, alice: Caller) -> None:
    idle = [connected(server) for _ in range(1_000)]
    try:
        started = time.monotonic()
        assert alice.open_account().status_code == 201
        assert time.monotonic() - started < 2
    finally:
        for connection in idle:
            connection.close()


def test_a_body_that_was_forgotten_is_missed_and_not_its_type(alice: Caller) -> None:
    answer = alice.http.post(ACCOUNTS, headers={"Idempotency-Key": new_key()})
    assert told(answer) == (400, "malformed_json")
    assert answer.json()["detail"] == "The body is empty: it must be a JSON object."


def test_a_hundred_violations_are_listed_and_the_others_counted(alice: Caller) -> None:
    answer = alice.post(ACCOUNTS, BODY | {f"x{number}": 1 for number in range(5_000)})
    assert told(answer) == (400, "validation_failed")
    assert (len(answer.json()["errors"]), answer.json()["more"]) == (100, 4_900)
    assert len(answer.content) < 64_000
    few = alice.post(ACCOUNTS, BODY | {"x": 1}).json()
    assert (len(few["errors"]), "more" in few) == (1, False)


def test_no_answer_is_as_long_as_what_was_wrong(alice: Caller) -> None:
    name, place = "x" * 60_000, "x" * 7_000
    answers = [
        alice.post(ACCOUNTS, BODY | {name: 1}),
        alice.post(ACCOUNTS, BODY | {"customer": {"external_reference": "C", name: 1}}),
        alice.post(ACCOUNTS, BODY | {"customer": {"external_reference": "C", "email": name}}),
        alice.post(ACCOUNTS, BODY | {"currency": name, "balance": 1}),
        alice.http.post(
            ACCOUNTS,
            content=f'{{"{place}": 1, "{place}": 2}}',
            headers={"Idempotency-Key": new_key(), "Content-Type": "application/json"},
        ),
        alice.get(f"{ACCOUNTS}?{place}=1"),
        alice.get(f"/billing/events?type={place}"),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert len(answer.content) < 4_000, answer.text[:300]


SLASHED = [
    ("/billing/bills/INV/2024/001", ["INV%2F2024%2F001", "ask /billing/bills with ?external_reference="]),
    ("/billing/bills/INV%2F2024/x", ["INV%2F2024%2F001"]),
    ("/billing%2Fbills", ["is sent as %2F, escaped once"]),
    ("//billing/bills", ["a slash too many"]),
    ("/billing/bills/", ["a slash too many"]),
    ("/billing//bills", ["a slash too many"]),
]


@pytest.mark.parametrize(("path", "advice"), SLASHED)
def test_a_path_with_a_slash_too_many_leads_to_advice(alice: Caller, path: str, advice: list[str]) -> None:
    answer = alice.http.get(f"{str(alice.http.base_url).rstrip('/')}{path}")
    assert told(answer) == (404, "route_not_found")
    for piece in advice:
        assert piece in answer.json()["detail"]
    assert "slash" not in alice.get("/nowhere").json()["detail"]


def test_what_the_advice_says_works(alice: Caller) -> None:
    reference = f"INV/{new_reference()}"
    bill = alice.make_bill(external_reference=reference).json()
    assert alice.get(f"/billing/bills/{quote(reference, safe='')}").json() == bill
    assert alice.get(f"/billing/bills?external_reference={reference}").json()["data"] == [bill]


def test_nobody_on_its_way_keeps_an_answer_or_guesses_its_type(server: RunningServer, alice: Caller) -> None:
    made = alice.open_account()
    path = f"{ACCOUNTS}/{made.json()['id']}"
    unchanged = alice.get(path, If_None_Match=made.headers["etag"])
    assert unchanged.status_code == 304
    for answer in (made, alice.get(path), alice.get(ACCOUNTS), unchanged, httpx.get(f"{server.base}/billing/x")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
