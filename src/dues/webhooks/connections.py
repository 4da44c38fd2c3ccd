"""Connections that hear only the beginning of an answer.

Most of what an endpoint can say is no part of a body: headers, chunk sizes, "100 Continue" as often as it likes. The
HTTP client would parse all of it, and while it parses a megabyte of such things the whole server stands still.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler

HEARD_MAX: Final = 32 * 1024
"""Bytes of an answer, whatever they are: those that come after are dropped unread."""


class BriefConnector(TCPConnector):
    """Makes such connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        connection: Callable[..., ResponseHandler] = _Brief
        self._factory = partial(connection, loop=self._loop)


class _Brief(ResponseHandler):
    """One connection. A request begins with `set_response_params`."""

    _left = HEARD_MAX

    def set_response_params(self, **params: Any) -> None:
        self._left = HEARD_MAX
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        heard = data[: self._left]
        self._left -= len(heard)
        if heard or not data:
            super().data_received(heard)
        if len(heard) < len(data) and self.transport is not None:
            # Whoever waits for more has reached the limit of a body, or will reach that of the attempt's time.
            self.transport.pause_reading()
