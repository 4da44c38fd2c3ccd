"""Logs: one line per event on standard error, JSON for programs, or for people where it is a terminal."""

import asyncio
import logging
import sys
from datetime import datetime
from functools import cache
from typing import BinaryIO, Final

import msgspec
import structlog

from dues.http.entrance import LogRequest
from dues.http.request_log import RequestLog, no_log
from dues.settings import LogLevel

_log = structlog.get_logger()

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def request_log(level: LogLevel) -> LogRequest:
    """What writes the lines of requests, past the chain that all other lines take."""
    if _LEVELS[level] > _LEVELS["info"]:
        return no_log
    if sys.stderr.isatty():
        return RequestLog(lambda line: print(line.decode(), file=sys.stderr), for_people=True)
    return RequestLog(_all_lines().msg, for_people=False)


def configure_logs(level: LogLevel) -> None:
    """Once per process, before the first line."""
    on_terminal = sys.stderr.isatty()
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]
    structlog.configure(
        processors=[for_people] if on_terminal else processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr) if on_terminal else _lines_logger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)


class _Libraries(logging.Handler):
    """What libraries log, as lines like all others."""

    def emit(self, record: logging.LogRecord) -> None:
        """Logs it under one event; its message is not ours to name."""
        _log.warning("library", logger=record.name, message=record.getMessage())


def for_people(_: object, level: str, event: structlog.typing.EventDict) -> str:
    """A line on a terminal, like those of requests: `05:11:44 WARNING job_postponed: job=statistics, reason=…`.
    What has several lines itself, as frames have, follows below it."""
    name = event.pop("event")
    texts = {key: str(value) for key, value in event.items()}
    short = ", ".join(f"{key}={text}" for key, text in texts.items() if "\n" not in text)
    line = f"{datetime.now():%H:%M:%S} {level.upper()} {name}{': ' if short else ''}{short}"  # noqa: DTZ005 -- theirs
    return "\n".join([line, *(text.rstrip("\n") for text in texts.values() if "\n" in text)])


def _to_json(event: object, **_: object) -> bytes:
    return msgspec.json.encode(event)


class _Lines:
    """Writes the lines of one turn of the event loop together: a busy server writes many."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []

    def msg(self, line: bytes) -> None:
        """Takes a line."""
        self._lines.append(line)
        if len(self._lines) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:  # no loop: a supervisor, or the end
            self._write()

    debug = info = warning = error = critical = msg

    def _write(self) -> None:
        self._file.write(b"\n".join([*self._lines, b""]))
        self._file.flush()
        self._lines.clear()


@cache
def _all_lines() -> _Lines:
    # One for all loggers, so that lines stand in the order in which things happened.
    return _Lines(sys.stderr.buffer)


def _lines_logger(*_: object) -> _Lines:
    return _all_lines()
