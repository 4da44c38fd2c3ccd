"""One client's connection: its requests are answered in their order, and it never holds more than its share."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Any, Final

from uvicorn import Config
from uvicorn.server import ServerState

from dues.http.body_stream import ClientGone
from dues.http.client_address import client_address
from dues.http.connections import KEYLESS_MAX, Connections
from dues.http.exchange import BODY_BYTES_MAX, BODY_SECONDS_MAX, Exchange, Headers
from dues.http.problems import Reply
from dues.http.request_parser import HEAD_SECONDS_MAX, SLICE_BYTES, RequestParser
from dues.http.responses import CONTINUE, LAST_CHUNK, chunk, wire_parts

PIPELINED_MAX: Final = 32
"""Requests that may wait for their turn; nothing is read before one of them is answered."""

PIPELINED_BYTES_MAX: Final = BODY_BYTES_MAX
"""What they may hold together."""

WRITE_SECONDS_MAX: Final = 30.0
"""How long an answer may lie unread before the connection is given up."""

LINGER_SECONDS: Final = 2.0
"""How long what is still sent is thrown away after an answer that ends the connection. Without it the network would
throw the answer away."""

THROWN_AWAY_FAST: Final = 8 << 20
THROW_AWAY_SECONDS: Final = 0.001
"""So many bytes are thrown away as fast as they come: who sent them in good faith can read the answer soon. From then
on, each piece is waited for so long."""

NEVER: Final = float("inf")

_buffer: Final = memoryview(bytearray(16 * 1024))
"""For all connections: what is received is parsed before the next is read. The rest waits in the kernel."""


class Connection(asyncio.BufferedProtocol):
    """What uvicorn makes for each client that connects. The `app` of its Config is the process's Connections."""

    __slots__ = (
        "_connections",
        "_expects_continue",
        "_is_closing",
        "_keyless",
        "_loop",
        "_parser",
        "_peer",
        "_state",
        "_task",
        "_thrown_away",
        "_timed",
        "_transport",
        "_unparsed",
        "_waiting",
        "_waiting_bytes",
        "_writable",
        "deadline",
    )

    def __init__(self, config: Config, server_state: ServerState, app_state: object = None, _loop: object = None):
        self._connections: Connections = config.loaded_app
        self._state: Any = server_state
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(self._take, self._continue, self._connections.entrance.streams)
        self._task: asyncio.Task[None] | None = None
        """What is answering, while there is something to be answered."""
        self._waiting: deque[Exchange] = deque()
        self._waiting_bytes = self._thrown_away = 0
        self._keyless = 0
        """How many requests in a row came without a key."""
        self._unparsed: bytes | None = None
        """What was received while too much waited. While there is any, nothing is read."""
        self._writable: asyncio.Future[None] | None = None
        """While the client does not read: what is told when it does."""
        self._timed: Exchange | Headers | None = None
        self._expects_continue = self._is_closing = False
        self.deadline = self._loop.time() + HEAD_SECONDS_MAX
        """When the client will have been too slow, by the clock of the loop."""

    # The connection ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connects."""
        self._transport = transport
        name = transport.get_extra_info("peername")
        self._peer = name[0] if isinstance(name, tuple) else "-"
        self._state.connections.add(self)
        if not self._connections.admit(self):
            exchange = Exchange("-", b"", {})
            exchange.peer = exchange.client = self._peer
            exchange.keeps_connection = False
            self._send(self._connections.entrance.refuse_connection(exchange), exchange)
            self._end(lingers=self._connections.may_linger)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is closed. What is under way is carried out; what was not whole is not."""
        self._connections.forget(self)
        self._state.connections.discard(self)
        if self._task:
            # Stopping waits for connections, and from now on for this.
            self._state.tasks.add(self._task)
            self._task.add_done_callback(self._state.tasks.discard)
        midway = self._parser.exchange
        if midway and midway.stream:
            midway.stream.fail(ClientGone())
            midway = None  # it is being answered, or waits for that
        unanswered = [*self._waiting, *([midway] if midway else [])]
        for exchange in unanswered:
            self._connections.entrance.abandon(exchange)
        self._waiting.clear()
        self._parser.close()
        self._is_closing = True
        self.resume_writing()

    def eof_received(self) -> None:
        """The client sends no more: it is gone. (One that still reads could not be told from it.)"""

    def give_way(self) -> None:
        """Others wait for its place, and it asks for nothing."""
        self._transport.abort()

    def shutdown(self) -> None:
        """The port is closed: what is under way is answered, and the connection closed."""
        if self._task is None and self._parser.midway is None:
            self._transport.close()

    def expire(self) -> None:
        """The deadline has passed."""
        if self._is_closing or self._writable:
            self._transport.abort()
        elif self._parser.midway is not None:
            self._parser.give_up()
        elif self._task:
            self.deadline = NEVER  # an earlier request's; endpoints see to it that they end
        else:
            self._end(lingers=False)

    def _end(self, *, lingers: bool) -> None:
        self._is_closing = True
        self._parser.close()
        if not lingers or self._transport.is_closing():
            self.deadline = self._loop.time() + WRITE_SECONDS_MAX
            self._transport.close()
            return
        self.deadline = self._loop.time() + LINGER_SECONDS
        if self._unparsed is not None:
            self._unparsed = None
            self._transport.resume_reading()
        self._transport.write_eof()

    # What comes in -------------------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what is received."""
        return _buffer

    def buffer_updated(self, count: int) -> None:
        """Something was received."""
        if count > SLICE_BYTES or self._parser.ended:
            self._parse(_buffer[:count])
        else:
            self._parser.feed(_buffer[:count])
            if self._has_enough():
                self._pause(b"")
        self._time_midway()

    def _time_midway(self) -> None:
        """What has begun is to be whole in time; but not while it is not read, or something else is waited for."""
        midway = self._parser.midway
        if isinstance(midway, Exchange) and midway.stream:
            self._timed = None  # for each piece anew
        if midway is None or midway is self._timed or self._unparsed is not None or self._writable:
            return
        self._timed = midway
        seconds = BODY_SECONDS_MAX if midway is self._parser.exchange else HEAD_SECONDS_MAX
        self.deadline = self._loop.time() + seconds

    def _parse(self, data: memoryview) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if self._parser.ended:
                self._throw_away(len(data) - start)
                return
            if self._has_enough():
                self._pause(bytes(data[start:]))
                return
            self._parser.feed(data[start : start + SLICE_BYTES])

    def _throw_away(self, count: int) -> None:
        self._thrown_away += count
        if self._thrown_away > THROWN_AWAY_FAST:
            # Not faster than it is worth: who sends what nobody wants must not keep us busy with it.
            self._transport.pause_reading()
            self._loop.call_later(THROW_AWAY_SECONDS, self._transport.resume_reading)

    def _has_enough(self) -> bool:
        midway = self._parser.exchange
        if midway is not None and midway.stream and midway.stream.is_full:
            return True
        return len(self._waiting) >= PIPELINED_MAX or self._waiting_bytes >= PIPELINED_BYTES_MAX

    def _pause(self, unparsed: bytes) -> None:
        if self._unparsed is None:
            self._transport.pause_reading()
        self._unparsed = unparsed
        self._is_our_turn()

    def _read_on(self) -> None:
        unparsed = self._unparsed
        if unparsed is None or self._has_enough():
            return
        self._parse(memoryview(unparsed))
        if self._unparsed is unparsed:
            self._unparsed = None
            self._timed = None
            self._time_midway()
            self._transport.resume_reading()

    def _read_more(self, exchange: Exchange) -> None:
        """An endpoint wants more of a body."""
        if self._is_closing:
            return
        if exchange.headers.pop(b"expect", b"").lower() == b"100-continue":
            self._transport.write(CONTINUE)
        self._read_on()
        self._time_midway()

    def _continue(self) -> None:
        """The client waits to be told that it may send the body."""
        if self._task:
            self._expects_continue = True  # in its turn
        else:
            self._transport.write(CONTINUE)

    # What goes out -------------------------------------------------------------------------------------------------

    def _take(self, exchange: Exchange) -> None:
        exchange.peer = exchange.client = self._peer
        if exchange.stream:
            exchange.stream.when_read(partial(self._read_more, exchange))
        if self._connections.trusted_proxies:
            exchange.client = client_address(self._peer, exchange.headers, self._connections.trusted_proxies)
        self._expects_continue = False
        self._is_our_turn()
        if self._task:
            self._waiting.append(exchange)
            self._waiting_bytes += exchange.bytes_received
        else:
            self._connections.works(self)
            self._task = self._loop.create_task(self._answer(exchange))

    async def _answer(self, exchange: Exchange) -> None:
        """Answers until nothing waits."""
        while True:
            reply = await self._connections.entrance.answer(exchange)
            if self._is_closing:
                break
            unread = exchange.stream is not None and not exchange.stream.ended
            if unread:
                exchange.keeps_connection = False
            is_stopping = exchange.keeps_connection and self._connections.entrance.stopping.is_set()
            if is_stopping and not self._waiting:
                exchange.keeps_connection = False
            if reply.parts is not None and exchange.method != "HEAD":
                await self._send_parts(reply, reply.parts, exchange)
            else:
                self._send(reply, exchange)
            if not exchange.keeps_connection:
                # Who would have gone on may be sending already: that must not cost it this answer.
                refused = exchange.refusal is not None or exchange.unreadable is not None
                self._end(lingers=is_stopping or refused or unread)
                break
            if self._writable:
                await self._writable
            self._keyless = self._keyless + 1 if exchange.key_id is None else 0
            if self._keyless > KEYLESS_MAX:
                await self._connections.pause(self)
            elif self._waiting:
                await asyncio.sleep(0)  # others first: whoever sends many requests at once waits between them
            if not self._waiting:
                self._rest()
                break
            exchange = self._waiting.popleft()
            self._waiting_bytes -= exchange.bytes_received
            self._read_on()
        self._task = None

    def _is_our_turn(self) -> None:
        self._timed = None
        if self._writable is None:  # else it is the client's, to read
            self.deadline = NEVER

    def _rest(self) -> None:
        """Everything is answered."""
        self._connections.rests(self)
        if self._parser.midway is None:
            self.deadline = self._loop.time() + self._connections.idle_seconds
            return
        self._timed = None
        self._time_midway()
        if self._expects_continue:
            self._expects_continue = False
            self._transport.write(CONTINUE)

    def _send(self, reply: Reply, exchange: Exchange) -> None:
        defaults = self._connections.default_lines(self._state.default_headers)
        parts = wire_parts(reply, exchange.request_id, exchange.method, defaults, exchange.keeps_connection)
        if len(parts) == 1:
            self._transport.write(parts[0])
        else:
            self._transport.writelines(parts)

    async def _send_parts(self, reply: Reply, parts: AsyncIterator[bytes], exchange: Exchange) -> None:
        """Sends a body while it is made, as fast as the client reads."""
        chunked = self._parser.speaks_http_1_1
        exchange.keeps_connection &= chunked
        defaults = self._connections.default_lines(self._state.default_headers)
        head = wire_parts(
            reply, exchange.request_id, exchange.method, defaults, exchange.keeps_connection, chunked=chunked
        )
        self._transport.writelines(head)
        try:
            async for part in parts:
                if part:
                    self._transport.write(chunk(part) if chunked else part)
                if self._writable:
                    await self._writable
                if self._is_closing:
                    return
        except Exception as error:
            # Half of it is sent. That the rest does not come is all that can be told.
            self._connections.entrance.report_broken(exchange, error)
            self._transport.abort()
            return
        finally:
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()
        if chunked:
            self._transport.write(LAST_CHUNK)

    def pause_writing(self) -> None:
        """The client does not read what it is sent."""
        self._writable = self._loop.create_future()
        self._connections.rests(self)
        self.deadline = self._loop.time() + WRITE_SECONDS_MAX

    def resume_writing(self) -> None:
        """The client reads again, or is gone."""
        if self._writable and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if self._task:
            self._connections.works(self)
        self._is_our_turn()
        self._time_midway()
