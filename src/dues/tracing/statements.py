"""A span for each statement that is sent within another span: its name, and what tables it is about, not its values."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import lru_cache
from inspect import currentframe
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, get_current_span

from dues.db.database import Database
from dues.db.grants import TABLES
from dues.db.pooler import DIRECT, Pooler
from dues.db.transaction import Connection

_NAMES: Final = {"_ask": "read", "commit": "write"}
"""Of what is put together from the statements of many: all that a group names, and all that it leaves."""

_BETWEEN: Final = ("dues.db.", "dues.tracing.")
"""Modules that send what others say."""


async def connect_traced(
    tracer: Tracer, url: str, connections_max: int = 10, pooler: Pooler = DIRECT, **session: str
) -> Database:
    """A pool whose statements have spans."""
    database = await _TracedDatabase.connect(url, connections_max, pooler, **session)
    assert isinstance(database, _TracedDatabase)
    database.tracer = tracer
    return database


class _TracedDatabase(Database):
    tracer: Tracer

    def share(self, turn: AbstractAsyncContextManager[Any]) -> Database:
        shared = super().share(turn)
        assert isinstance(shared, _TracedDatabase)
        shared.tracer = self.tracer
        return shared

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with super()._connection() as connection:
            # What nobody asked for, such as a look every second whether there is something to do, is no trace.
            is_traced = get_current_span().is_recording()
            yield _TracedConnection(connection, self.tracer) if is_traced else connection


class _TracedConnection:
    """A connection for as long as it is lent."""

    def __init__(self, connection: Connection, tracer: Tracer) -> None:
        self._connection = connection
        self._tracer = tracer

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """Runs one statement and returns its rows."""
        with self._statement(_name(), query) as span:
            rows = await self._connection.fetch(query, *args)
            span.set_attribute("db.response.returned_rows", len(rows))
            return rows

    async def execute(self, query: str, *args: object) -> str:
        """Runs one statement and returns its status."""
        with self._statement(query.partition(" ")[0], query):
            return await self._connection.execute(query, *args)

    @contextmanager
    def _statement(self, name: str, query: str) -> Iterator[Span]:
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes={"db.system.name": "postgresql", "db.query.summary": _summary(query)}
        )
        try:
            yield span
        except BaseException as error:
            # Its class, and not its message: PostgreSQL quotes values in that.
            span.set_attribute("error.type", getattr(error, "sqlstate", None) or type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            span.end()


def _name() -> str:
    """What a statement is called: by the house's rule, as the function of the store that sends it."""
    frame, name = currentframe(), "statement"
    while frame:
        name = frame.f_code.co_name
        if name in _NAMES or not frame.f_globals.get("__name__", "").startswith(_BETWEEN):
            break
        frame = frame.f_back
    return _NAMES.get(name, name.removeprefix("_"))


_ACTS: Final = re.compile(r"\b(select|insert into|update|delete from|from|join)\s+(\w+)")


@lru_cache(maxsize=1024)
def _summary(query: str) -> str:
    """What a statement does, and to which tables, such as `select accounts customers`."""
    said = _ACTS.findall(query)
    first = next((act.partition(" ")[0] for act, _ in said if act not in ("from", "join")), query.partition(" ")[0])
    written = [table for act, table in said if act in ("insert into", "update", "delete from") and table in TABLES]
    tables = dict.fromkeys(written or [table for _, table in said if table in TABLES])
    verbs = dict.fromkeys(
        act.partition(" ")[0] for act, table in said if written and table in written and act[0] in "iud"
    )
    return " ".join([*(verbs or [first]), *tables])[:255]
