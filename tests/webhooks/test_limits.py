"""Endpoints that are slow, endless or broken cost one attempt a little time and memory, and nothing else."""

import asyncio
import gzip
import socket
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from dues.webhooks.outcome import Outcome
from tests.webhooks.receiver import Answer, Names, answer, attempt, receiving, run, sender

GIGABYTE = 1024**3
CHUNK = b"a" * 65536

SECONDS = 0.3
"""The limit of an attempt in these tests."""


async def silent(_: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.sleep(10)


async def late(writer: asyncio.StreamWriter) -> None:
    """Answers as it should, but after the limit."""
    await asyncio.sleep(2 * SECONDS)
    writer.write(answer())


def trickling(beginning: bytes, again: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    """Who begins at once, and goes on a little at a time for ever."""

    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while True:
            await writer.drain()
            writer.write(again)
            await asyncio.sleep(0.01)

    return trickle


SLOW = {
    "no answer": silent,
    "an answer after the limit": late,
    "a trickling status line": trickling(b"HTTP/1.1 200 O", b"K"),
    "trickling headers": trickling(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
    "wait, wait, wait": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers at once, then no body": trickling(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b""),
    "headers at once, then a trickling body": trickling(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", b"a"),
    "trickling chunks": trickling(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "a body that ends with the connection": trickling(b"HTTP/1.1 200 OK\r\n\r\n", b"a"),
}


def prompt(outcome: Outcome) -> bool:
    """Whether it took no longer than the limit, give or take what a busy machine does."""
    return outcome.duration_ms < 2000


@pytest.mark.parametrize("how", SLOW)
def test_an_attempt_takes_no_longer_than_its_limit_in_all(how: str) -> None:
    outcome, receiver = attempt(SLOW[how], seconds=SECONDS)
    assert not outcome.succeeded
    assert outcome.error
    assert outcome.error.startswith(("timeout: ", "closed: "))
    assert outcome.error.startswith("timeout: ") or how in ("trickling headers", "wait, wait, wait")
    assert prompt(outcome)
    assert len(receiver.requests) == 1


def test_the_look_up_of_a_name_counts() -> None:
    class Slow(Names):
        """Takes its time."""

        async def resolve(self, *arguments: object, **options: object) -> list[object]:  # type: ignore[override]
            """Never answers."""
            await asyncio.sleep(10)
            return []

    outcome, receiver = attempt(answer(), host="hooks.example", resolver=Slow(), seconds=SECONDS)
    assert outcome.error == "timeout: no whole answer within 0.3 seconds"
    assert prompt(outcome)
    assert receiver.connections == 0


def test_who_does_not_read_what_is_sent_is_left_in_time() -> None:
    async def work() -> None:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            async with sender(seconds=SECONDS) as one:
                outcome = await one.send(f"http://127.0.0.1:{deaf.getsockname()[1]}/", {}, b"a" * 1_000_000)
        assert outcome.error == "timeout: no whole answer within 0.3 seconds"
        assert prompt(outcome)

    run(work())


def test_every_answer_on_a_connection_is_heard() -> None:
    outcome, receiver = attempt(answer(200, b"a" * 15_000), times=10)
    assert outcome.succeeded
    assert receiver.connections == 1, "what was heard is counted for each answer alone"


def test_after_a_time_out_the_next_attempt_has_a_connection_of_its_own() -> None:
    async def work() -> None:
        async with receiving(late) as receiver, sender(seconds=SECONDS) as one:
            assert not (await one.send(receiver.url(), {}, b"{}")).succeeded
            receiver.answer = answer(200, b"the second")
            outcome = await one.send(receiver.url(), {}, b"{}")
            assert (outcome.succeeded, outcome.answer) == (True, "the second")
            assert receiver.connections == 2

    run(work())


def endless(beginning: bytes, again: bytes = CHUNK) -> tuple[list[int], Answer]:
    """Who sends a gigabyte as fast as it is taken, and the bytes that went off."""
    sent = [0]

    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(beginning)
        while sent[0] < GIGABYTE:
            writer.write(again)
            await writer.drain()
            sent[0] += len(again)

    return sent, pour


async def _send_watching_memory(answers: Answer, seconds: float) -> tuple[Outcome, int]:
    async with receiving(answers) as receiver, sender(seconds=seconds) as one:
        tracemalloc.start()
        try:
            outcome = await one.send(receiver.url(), {}, b"{}")
            await asyncio.wait_for(receiver.closed.wait(), 3)
            return outcome, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

ENDLESS = {
    "a gigabyte": (f"HTTP/1.1 200 OK\r\ncontent-length: {GIGABYTE}\r\n\r\n".encode(), CHUNK),
    "a gigabyte of chunks": (CHUNKED, b"10000\r\n" + CHUNK + b"\r\n"),
    "no end in sight": (b"HTTP/1.1 200 OK\r\n\r\n", CHUNK),
    "a failure of a gigabyte": (f"HTTP/1.1 500 No\r\ncontent-length: {GIGABYTE}\r\n\r\n".encode(), CHUNK),
    "one endless header": (b"HTTP/1.1 200 OK\r\nx: ", CHUNK),
    "endless headers": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 10_000),
    "an endless status line": (b"HTTP/1.1 200 ", CHUNK),
    "one endless trailer": (CHUNKED + b"0\r\nx: ", CHUNK),
    "endless trailers": (CHUNKED + b"0\r\n", b"x: y\r\n" * 10_000),
    "answer upon answer": (b"", answer(200, b"a" * 1024) * 1000),
}

ENDLESS_NOTHING = {
    "a chunk extension": (CHUNKED + b"1;a=", CHUNK),
    "zeros before a size": (CHUNKED, b"0" * 65536),
    "wait, wait, wait": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
    "empty lines": (b"", b"\r\n" * 32_000),
}
"""What is no part of an answer: it is not listened to until the time is up."""


@pytest.mark.parametrize("what", ENDLESS)
def test_of_an_endless_answer_little_is_read_and_the_connection_is_closed(what: str) -> None:
    sent, pour = endless(*ENDLESS[what])
    outcome, memory = run(_send_watching_memory(pour, 5))
    assert outcome.duration_ms < 2000
    assert memory < 10_000_000
    assert sent[0] < 30_000_000, "what the buffers of two sockets hold, and no more"
    if outcome.error is None:
        assert outcome.answer == "a" * 1024


@pytest.mark.parametrize("what", ENDLESS_NOTHING)
def test_an_endless_nothing_is_not_kept_and_ends_in_time(what: str) -> None:
    sent, pour = endless(*ENDLESS_NOTHING[what])
    outcome, memory = run(_send_watching_memory(pour, SECONDS))
    assert outcome.error == "timeout: no whole answer within 0.3 seconds"
    assert prompt(outcome), "and nothing else had to wait for it"
    assert memory < 10_000_000
    assert sent[0] < 30_000_000, "what the buffers of two sockets hold, and no more"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_answer_is_not_inflated(coding: str) -> None:
    bomb = gzip.compress(b"\0" * 12_000_000)
    outcome, receiver = attempt(answer(200, bomb, f"content-encoding: {coding}"))
    assert outcome.succeeded
    assert outcome.answer == bomb[:1024].decode(errors="replace").replace("\0", "")
    assert receiver.requests[0].headers["accept-encoding"] == "identity"


BROKEN = {
    "closes without a word": b"",
    "closes in the status line": b"HTTP/1.1 20",
    "closes in the headers": b"HTTP/1.1 200 OK\r\ncontent-le",
    "closes in the body": b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
    "closes in a chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
    "closes before the last chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "speaks something else": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "speaks TLS": b"\x15\x03\x01\x00\x02\x02\x50",
    "answers rubbish": b"\x00\xff\xfe\xed\xa0\x80\x00\xff\r\n\r\n",
    "has no status": b"HTTP/1.1 OK\r\n\r\n",
    "has a huge status": b"HTTP/1.1 99999999 OK\r\n\r\n",
    "has a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    "has no number for a length": b"HTTP/1.1 200 OK\r\ncontent-length: \xff\x00\r\n\r\n",
    "has two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "has no size for a chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "switches protocols": b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
}


@pytest.mark.parametrize("how", BROKEN)
def test_an_endpoint_that_breaks_off_or_talks_nonsense_is_an_outcome(how: str) -> None:
    async def break_off(writer: asyncio.StreamWriter) -> None:
        writer.write(BROKEN[how])
        await writer.drain()
        writer.close()
        await asyncio.sleep(10)

    outcome, receiver = attempt(break_off, seconds=2)
    assert not outcome.succeeded
    assert len(receiver.requests) == 1, "an attempt is one request"
    said = (outcome.error or "") + outcome.answer
    assert "\0" not in said.encode().decode(), "it can be kept as text"
    if how != "switches protocols":
        assert outcome.error
        assert outcome.error.startswith("closed: ")
        assert len(outcome.error) <= 300
