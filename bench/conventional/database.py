"""The engine and its sessions."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

import asyncpg
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

POOL_SIZE = 32
"""One connection for each client of the bench, so that no request ever waits for one."""


def open_engine(database_url: str) -> AsyncEngine:
    """An engine over asyncpg for a libpq-style URL (which may name a unix socket)."""

    async def connect() -> Any:
        return await asyncpg.connect(database_url)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_pre_ping=False,
    )


def sessions_of(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Where requests get their session; objects stay usable after commit, without another SELECT."""
    return async_sessionmaker(engine, expire_on_commit=False)


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """One session, so one connection and one transaction, for the whole request."""
    sessions = cast(async_sessionmaker[AsyncSession], request.app.state.sessions)
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of)]
