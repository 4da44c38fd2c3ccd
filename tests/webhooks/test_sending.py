"""One attempt, against real endpoints: what counts as taken, and what is remembered of the answer."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.webhooks.receiver import Names, answer, attempt, receiving, run, sender


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_taken(status: int) -> None:
    outcome, _ = attempt(answer(status))
    assert outcome.succeeded
    assert (outcome.status, outcome.error) == (status, None)


@pytest.mark.parametrize("status", [300, 400, 401, 404, 410, 429, 500, 502, 503, 599])
def test_any_other_status_is_not(status: int) -> None:
    outcome, _ = attempt(answer(status, b"no"))
    assert not outcome.succeeded
    assert (outcome.status, outcome.error) == (status, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    async def work() -> None:
        async with receiving(answer()) as target, sender() as one:
            async with receiving(answer(status, b"", f"location: {target.url()}")) as receiver:
                outcome = await one.send(receiver.url(), {}, b"{}")
            assert (outcome.status, outcome.succeeded) == (status, False)
            assert (len(receiver.requests), target.connections) == (1, 0)

    run(work())


def test_an_endpoint_gets_exactly_these_bytes_and_headers() -> None:
    body = '{"id":"evt_1","note":"Zoë\\n 東京"}'.encode()

    async def work() -> None:
        async with receiving(answer()) as receiver, sender() as one:
            await one.send(
                receiver.url() + "?a=%2B&b=%26", {"webhook-id": "evt_1", "webhook-signature": "v1,a= v1,b="}, body
            )
        (request,) = receiver.requests
        assert request.line == "POST /hook?a=%2B&b=%26 HTTP/1.1"
        assert request.body == body
        host = f"127.0.0.1:{receiver.port}"
        assert request.headers == {
            "host": host,
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": f"dues/{version('dues')}",
            "accept": "*/*",
            "accept-encoding": "identity",
            "webhook-id": "evt_1",
            "webhook-signature": "v1,a= v1,b=",
        }

    run(work())


def test_a_connection_is_used_again() -> None:
    outcome, receiver = attempt(answer(200, b"taken"), times=5)
    assert outcome.succeeded
    assert (len(receiver.requests), receiver.connections) == (5, 1)


def test_a_connection_that_the_endpoint_closed_is_not() -> None:
    async def close(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, b"bye"))
        await writer.drain()
        writer.close()
        await asyncio.sleep(10)

    async def work() -> None:
        async with receiving(close) as receiver, sender() as one:
            assert (await one.send(receiver.url(), {}, b"{}")).succeeded
            await asyncio.sleep(0.05)
            assert (await one.send(receiver.url(), {}, b"{}")).succeeded
            assert receiver.connections == 2

    run(work())


def test_cookies_are_not_sent_back() -> None:
    _, receiver = attempt(
        answer(200, b"", "set-cookie: session=1; Path=/"), times=2, host="hooks.example", resolver=Names(["127.0.0.1"])
    )
    assert [request.headers.get("cookie") for request in receiver.requests] == [None, None]


def test_proxies_and_passwords_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine hooks.example login operator password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    async def work() -> None:
        async with receiving(answer(407)) as proxy, receiving(answer()) as receiver:
            for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.delenv(name, raising=False)
            async with sender(resolver=Names(["127.0.0.1"])) as one:
                assert (await one.send(receiver.url("hooks.example"), {}, b"{}")).succeeded
            assert proxy.connections == 0
            assert "authorization" not in receiver.requests[0].headers

    run(work())


def test_nobody_who_listens_is_an_outcome() -> None:
    async def work() -> None:
        async with receiving(answer()) as receiver:
            url = receiver.url()
        async with sender() as one:
            outcome = await one.send(url, {}, b"{}")
        assert outcome.status is None
        assert outcome.error
        assert outcome.error.startswith("connect: ")

    run(work())


def test_a_name_that_does_not_exist_is_an_outcome() -> None:
    outcome, receiver = attempt(answer(), host="hooks.example", resolver=Names())
    assert outcome.error
    assert outcome.error.startswith("connect: ")
    assert receiver.connections == 0


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://a\0b/", "ftp://127.0.0.1/", "http://[::1/"])
@pytest.mark.parametrize("allow_private", [True, False])
def test_nonsense_for_a_url_is_an_outcome(url: str, allow_private: bool) -> None:
    async def work() -> None:
        async with sender(allow_private=allow_private) as one:
            outcome = await one.send(url, {}, b"{}")
        assert not outcome.succeeded
        assert outcome.error

    run(work())


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"", ""),
        (b"thank you", "thank you"),
        (b"a" * 1024 + b"b", "a" * 1024),
        (b"a\0b\0", "ab"),
        (b"\xff\xfe Zo\xc3\xab", "\ufffd\ufffd Zoë"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"a" * 1023 + "ë".encode(), "a" * 1023 + "\ufffd"),
    ],
)
def test_the_first_kilobyte_is_kept_as_text(body: bytes, kept: str) -> None:
    outcome, _ = attempt(answer(200, body))
    assert (outcome.succeeded, outcome.answer) == (True, kept)


def test_the_answer_of_a_failure_is_kept_too() -> None:
    outcome, _ = attempt(answer(500, b"database is down"))
    assert outcome.answer == "database is down"


DAY = 86400.0


def after(seconds: float) -> str:
    """The date that is so many seconds away."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("86401", DAY),
        ("9" * 30, DAY),
        ("9" * 500, DAY),
        ("-5", None),
        ("1.5", None),
        ("1e9", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("NaN", None),
        ("inf", None),
        ("120, 60", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Fri, 31 Dec 9999 23:59:59 -2359", DAY),
        ("Sat, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Fri, 99 Dec 99999 23:59:59 GMT", None),
        ("2026-01-31T12:00:00Z", None),
    ],
)
def test_retry_after_is_understood_or_ignored(value: str, seconds: float | None) -> None:
    outcome, _ = attempt(answer(503, b"", f"retry-after: {value}"))
    assert (outcome.status, outcome.retry_after) == (503, seconds)


def test_retry_after_may_be_a_date() -> None:
    outcome, _ = attempt(answer(429, b"", f"retry-after: {after(600)}"))
    assert outcome.retry_after == pytest.approx(600, abs=5)


def test_without_retry_after_nothing_is_asked() -> None:
    assert attempt(answer(503))[0].retry_after is None
