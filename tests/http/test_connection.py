"""A client's connection: order, limits, and an answer to everything."""

import gc
import json
import resource
import select
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from dues.http import connection, connections
from dues.http.connection import PIPELINED_MAX
from dues.http.connections import CONNECTIONS_MAX, FILES_RESERVED, REFUSED_MAX, connections_that_fit
from dues.http.exchange import BODY_BYTES_MAX
from dues.http.request_parser import HEAD_BYTES_MAX, HEAD_FIELDS_MAX, TARGET_BYTES_MAX
from tests.http.stage import LARGE, Client, Stage, get, post


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A server that takes twenty connections."""
    running = Stage(connections_max=20, idle_seconds=75)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """One whose seconds are short."""
    monkeypatch.setattr(connection, "HEAD_SECONDS_MAX", 0.4)
    monkeypatch.setattr(connection, "BODY_SECONDS_MAX", 0.4)
    monkeypatch.setattr(connection, "WRITE_SECONDS_MAX", 0.4)
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.4)
    monkeypatch.setattr(connections, "SWEEP_SECONDS", 0.05)
    running = Stage(connections_max=20, idle_seconds=0.8)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(stage: Stage) -> Iterator[Client]:
    """Somebody connected to the patient one."""
    with stage.connected() as somebody:
        yield somebody


def memory() -> int:
    """What this process holds, in bytes."""
    return psutil.Process().memory_info().rss


# Order -------------------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_their_order(client: Client) -> None:
    client.send(get("/slow/80") + get("/slow/1") + post(b'{"a": 1}') + get("/nowhere") + get("/slow/2"))
    answers = [client.answer() for _ in range(5)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 404, 200]
    assert [body for _, _, body in answers if len(body) < 10] == [b"80", b"1", b'{"a": 1}', b"2"]


def test_any_number_of_pipelined_requests_is_answered(client: Client) -> None:
    count = 20 * PIPELINED_MAX
    client.send(get("/slow/20") + b"".join(get(f"/slow/{number % 2}") for number in range(count)))
    assert [client.answer()[2] for _ in range(count + 1)] == [b"20", *[b"0", b"1"] * (count // 2)]


def test_what_is_pipelined_waits_in_the_network_and_not_here(stage: Stage, client: Client) -> None:
    client.bare.setblocking(False)
    sent = 0
    flood = post(b"[" + b" " * 1_000 + b"]") * 100
    deadline = time.monotonic() + 1
    client.bare.send(get("/slow/1500"))
    while time.monotonic() < deadline:
        if select.select([], [client.bare], [], 0.1)[1]:
            sent += client.bare.send(flood)
    (ours,) = stage.do(lambda: list(stage.server.server_state.connections))
    assert len(ours._waiting) < 2 * PIPELINED_MAX + 100
    assert ours._waiting_bytes < 2 * BODY_BYTES_MAX
    assert sent > 4 * BODY_BYTES_MAX, "the network took no more than was read"


def test_requests_may_come_in_any_pieces(client: Client) -> None:
    whole = post(b'{"a": 1}') + get("/slow/1?x=y")
    client.send(*[whole[at : at + 1] for at in range(len(whole))])
    assert [client.answer()[2], client.answer()[2]] == [b'{"a": 1}', b"1"]


def test_a_chunked_body_is_put_together_and_its_trailer_is_not_believed(client: Client) -> None:
    head = b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    chunks = b'5;x=y\r\n{"a":\r\n3\r\n 1}\r\n0\r\n'
    client.send(head + b"Content-Type: application/json\r\n\r\n" + chunks + b"X: y\r\n\r\n")
    assert client.answer()[2] == b'{"a": 1}'
    client.send(head + b"\r\n" + chunks + b"Content-Type: application/json\r\n\r\n")
    assert client.problem() == (415, "unsupported_media_type", False)


def test_head_is_answered_without_a_body(client: Client) -> None:
    client.send(get("/slow/12").replace(b"GET", b"HEAD") + get("/slow/1"))
    status, headers, _ = client.answer(has_body=False)
    assert (status, headers["content-length"]) == (200, "2")
    assert client.answer()[2] == b"1"


def test_whoever_asks_before_sending_a_body_is_told_to_go_on(client: Client) -> None:
    whole = post(b'{"a": 1}', "Expect: 100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    client.send(get("/slow/100") + head + b"\r\n\r\n")
    assert client.answer()[2] == b"100"
    assert client.head() == "HTTP/1.1 100 Continue"
    client.send(body)
    assert client.answer()[2] == b'{"a": 1}'


def test_nobody_is_told_to_send_what_would_be_refused(client: Client) -> None:
    client.send(post(b"", "Expect: 100-continue", length=BODY_BYTES_MAX + 1))
    assert client.problem() == (413, "payload_too_large", True)


# The end -----------------------------------------------------------------------------------------------------------


def test_a_connection_is_kept_after_errors(client: Client) -> None:
    for request, status in [(get("/nowhere"), 404), (post(b"", path="/slow/1"), 405), (get("/slow/x"), 500)]:
        client.send(request)
        assert client.problem()[0] == status
    client.send(get("/slow/1"))
    assert client.answer()[0] == 200


@pytest.mark.parametrize(
    "request_",
    [
        get("/slow/1", "Connection: close"),
        get("/slow/1", version="1.0"),
        get("/slow/1", "Connection: keep-alive", version="1.0"),
    ],
)
def test_whoever_wants_the_connection_closed_gets_that(client: Client, request_: bytes) -> None:
    client.send(request_ + get("/slow/2"))
    status, headers, _ = client.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert client.is_closed()


def test_another_protocol_is_not_upgraded_to(client: Client) -> None:
    client.send(get("/slow/1", "Connection: Upgrade", "Upgrade: websocket") + get("/slow/2"))
    assert [client.answer()[::2], client.answer()[::2]] == [(200, b"1"), (200, b"2")]


def test_a_body_is_never_taken_for_a_request(client: Client) -> None:
    client.send(post(get("/slow/1"), "Connection: Upgrade", "Upgrade: h2c"))
    assert client.problem() == (400, "malformed_request", True)
    assert client.is_closed()


def test_a_tunnel_is_not_dug(client: Client) -> None:
    client.send(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n" + get("/slow/1"))
    assert client.problem() == (404, "route_not_found", True)
    assert client.is_closed()


def test_stopping_answers_what_waits_and_says_that_it_closes(stage: Stage, client: Client) -> None:
    with stage.connected() as idle:
        idle.send(get("/slow/1"))
        idle.answer()
        client.send(get("/slow/300") + get("/slow/2"))
        time.sleep(0.1)
        stage.server.should_exit = True
        assert idle.is_closed()
        assert client.answer()[2] == b"300"
        _, headers, body = client.answer()
        assert (headers["connection"], body) == ("close", b"2")
        assert client.is_closed()


def test_whoever_hangs_up_midway_is_in_the_log_as_gone(stage: Stage) -> None:
    with stage.connected() as client:
        client.send(post(b'{"a":', length=100))
        time.sleep(0.1)  # or nobody would have read it
    stage.wait_until_empty()
    (line,) = stage.lines
    assert (line["status"], line["method"], line["route"], line["path"]) == (499, "POST", "/echo", "/echo")


# Limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        post(b"", "Transfer-Encoding: chunked", length=5),
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnine\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00\x00\x00\x00",
    ],
)
def test_rubbish_is_answered_with_a_problem(stage: Stage, client: Client, rubbish: bytes) -> None:
    client.send(get("/slow/50") + rubbish)
    assert client.answer()[2] == b"50"
    assert client.problem() == (400, "malformed_request", True)
    assert client.is_closed()
    assert [line["code"] for line in stage.lines[1:]] == ["malformed_request"]
    with stage.connected() as another:  # as the first thing that somebody says, too
        another.send(rubbish)
        assert another.problem() == (400, "malformed_request", True)
        assert another.is_closed()


def test_a_head_has_a_number_of_fields(client: Client) -> None:
    client.send(get("/slow/1", *["A: b"] * (HEAD_FIELDS_MAX - 1)))
    assert client.answer()[0] == 200
    client.send(get("/slow/1", *["A: b"] * HEAD_FIELDS_MAX))
    assert client.problem() == (431, "request_header_fields_too_large", True)


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("piece", [700, 1_000_000])
def test_a_head_has_a_size(client: Client, ends: bool, piece: int) -> None:
    client.send(get("/slow/1", "A: " + "b" * (HEAD_BYTES_MAX - 100)))
    assert client.answer()[0] == 200
    large = get("/slow/1", "A: " + "b" * (HEAD_BYTES_MAX + (0 if ends else 4_000)))
    large = large if ends else large[:-4]
    client.send(*[large[at : at + piece] for at in range(0, len(large), piece)])
    assert client.problem() == (431, "request_header_fields_too_large", True)
    assert client.is_closed()


def test_a_head_that_never_ends_is_not_kept(stage: Stage) -> None:
    piece, before = b"b" * 1_000_000, memory()
    with stage.connected() as client:
        client.send(b"GET /slow/1 HTTP/1.1\r\nA: ")
        for _ in range(16):
            client.send(piece)
        assert client.problem() == (431, "request_header_fields_too_large", True)
        assert memory() - before < 8_000_000


def test_a_target_has_a_size(client: Client) -> None:
    client.send(get("/slow/1?" + "q" * (TARGET_BYTES_MAX - 8)))
    assert client.answer()[0] == 200
    client.send(get("/slow/1?" + "q" * TARGET_BYTES_MAX))
    assert client.problem() == (414, "uri_too_long", True)


def test_a_large_body_is_refused_before_it_has_come(client: Client) -> None:
    client.send(post(b"", length=10_000_000))
    assert client.problem() == (413, "payload_too_large", True)


def test_who_goes_on_sending_can_still_read_why_it_is_too_much(client: Client) -> None:
    client.send(post(b" " * 100_000, length=3_000_000))
    for _ in range(20):
        time.sleep(0.01)
        client.send(b" " * 100_000)  # a client that cannot send does not read either
    assert client.problem() == (413, "payload_too_large", True)


def test_a_slow_head_is_timed_out(impatient: Stage) -> None:
    with impatient.connected() as client:
        client.send(get("/slow/1"))
        assert client.answer()[0] == 200
        for byte in b"GET /slow/1 HTTP/1.1\r\n":
            if select.select([client.bare], [], [], 0.05)[0]:
                break
            client.send(bytes([byte]))
        assert client.problem() == (408, "request_timeout", True)
        assert client.is_closed()


def test_a_slow_body_is_timed_out(impatient: Stage) -> None:
    with impatient.connected() as client:
        client.send(post(b"{", length=100))
        for _ in range(50):
            if select.select([client.bare], [], [], 0.05)[0]:
                break
            client.send(b" ")
        assert client.problem() == (408, "request_timeout", True)
        assert client.is_closed()


def test_who_says_nothing_is_not_waited_for(impatient: Stage) -> None:
    with impatient.connected() as client:
        started = time.monotonic()
        assert client.is_closed()
        assert 0.3 < time.monotonic() - started < 0.7


def test_a_connection_is_kept_idle_for_its_time(impatient: Stage) -> None:
    with impatient.connected() as client:
        for _ in range(3):
            client.send(get("/slow/1"))
            assert client.answer()[0] == 200
            time.sleep(0.5)
        client.send(get("/slow/1"))
        assert client.answer()[0] == 200
        started = time.monotonic()
        assert client.is_closed()
        assert 0.7 < time.monotonic() - started < 1.2


def test_who_is_not_read_from_is_not_late(impatient: Stage) -> None:
    with impatient.connected() as client:
        client.send(get("/slow/1200") + get("/slow/1") * PIPELINED_MAX + b"GET /slow/2 HT")
        assert [client.answer()[0] for _ in range(PIPELINED_MAX + 1)] == [200] * (PIPELINED_MAX + 1)
        client.send(b"TP/1.1\r\n\r\n")
        assert client.answer()[2] == b"2"


def test_a_request_may_take_longer_than_a_client(impatient: Stage) -> None:
    with impatient.connected() as client:
        client.send(get("/slow/1500"))
        assert client.answer()[2] == b"1500"


def test_a_slow_reader_costs_no_copy_and_is_given_up(impatient: Stage) -> None:
    before, held = memory(), []
    with ExitStack() as clients:
        for _ in range(10):
            started = time.monotonic()
            client = clients.enter_context(impatient.connected())
            client.send(get("/large") * 20)
            client.wait_for_answer()
        impatient.wait_until_empty(lambda: held.append(memory()))
        assert time.monotonic() - started >= 0.4
    assert max(held) - before < 3 * len(LARGE)


def test_who_asks_for_more_and_does_not_read_is_given_up(impatient: Stage) -> None:
    with impatient.connected() as client:
        client.send(get("/large"))
        client.wait_for_answer()
        client.send(get("/slow/1"))
        impatient.wait_until_empty()


def test_what_is_not_read_is_not_made(client: Client) -> None:
    before = memory()
    client.send(get("/fresh") * PIPELINED_MAX)
    client.wait_for_answer()
    time.sleep(0.3)  # for what would be made
    assert memory() - before < 15_000_000
    assert [len(client.answer()[2]) for _ in range(PIPELINED_MAX)] == [1_000_000] * PIPELINED_MAX


def test_whoever_reads_in_the_end_gets_everything(client: Client) -> None:
    client.send(get("/large") * 3)
    time.sleep(0.3)
    assert [client.answer()[2] == LARGE for _ in range(3)] == [True] * 3


def test_one_connection_too_many_is_told_so(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as taken:
        for _ in range(19):
            taken.enter_context(stage.connected())
        with stage.connected():
            for _ in range(2 * REFUSED_MAX):
                late = taken.enter_context(stage.connected())
                assert late.problem() == (503, "too_many_connections", True)
                assert late.is_closed()
        assert "".join(capfd.readouterr()).count("connections_refused") == 1
        time.sleep(0.1)
        with stage.connected() as client:
            client.send(get("/slow/1"))
            assert client.answer()[0] == 200


def test_connections_stay_below_the_limit_of_open_files() -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert connections_that_fit(5, 10) == 5
    assert connections_that_fit(0, 10) == min(CONNECTIONS_MAX, files - FILES_RESERVED - 10)
    assert connections_that_fit(files, 10) == files - FILES_RESERVED - 10


# What it leaves ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [get("/slow/0"), post(b"{}"), get("/nowhere"), post(b"{}", path="/slow/1"), post(b"{", "Content-Encoding: gzip")],
)
def test_a_request_leaves_nothing_for_the_collector(stage: Stage, client: Client, request_: bytes) -> None:
    def ask(count: int) -> None:
        for _ in range(count):
            client.send(request_)
            client.answer()

    ask(20)
    gc.collect()
    gc.disable()
    try:
        ask(200)
        assert gc.collect() < 100
    finally:
        gc.enable()


def test_a_connection_leaves_nothing_for_the_collector(stage: Stage) -> None:
    def ask(count: int) -> None:
        for number in range(count):
            with stage.connected() as client:
                client.send(get("/slow/1") if number % 2 else b"rubbish\r\n\r\n")
                client.answer()
        time.sleep(0.1)

    ask(4)
    gc.collect()
    gc.disable()
    try:
        ask(100)
        assert gc.collect() < 100
    finally:
        gc.enable()


def test_the_line_in_the_log_names_nobody(stage: Stage, client: Client) -> None:
    for path in ["/slow/1?key=secret", "/no/such/UAR-123", "/slow/sk_live_abc", "/%2e"]:
        client.send(get(path))
        client.answer()
    assert [line["path"] for line in stage.lines] == ["/slow/*", "/no/such/*", "/slow/*", "/*"]
    assert {line["peer"] for line in stage.lines} == {"127.0.0.1"}
    assert [line.get("code") for line in stage.lines] == [None, "route_not_found", "internal_error", "route_not_found"]
    assert "secret" not in json.dumps(stage.lines)
