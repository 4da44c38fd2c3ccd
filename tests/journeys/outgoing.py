"""A server that may deliver to loopback, on a database of its own, and the merchants who use it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dues.db.database import Database
from dues.tenants.merchants import create_merchant
from tests.conftest import CURRENCIES, Merchant
from tests.journeys.own_database import database_url, rows_of
from tests.running import Caller, RunningServer, new_reference


@dataclass
class Stage:
    """The server and its database."""

    server: RunningServer
    data: Path
    cells: int = 1
    """Over how many cells its merchants are spread."""
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = database_url(self.data)

    def new_merchant(self) -> Merchant:
        """A merchant that nobody else uses."""

        async def make() -> Merchant:
            database = await Database.connect(self.url, 1)
            try:
                async with database.transaction() as tx:
                    merchant_id, keys = await create_merchant(
                        tx, "A test", datetime.now(UTC), self.cells, currencies=CURRENCIES
                    )
                    await tx.commit()
            finally:
                await database.close()
            return Merchant(merchant_id, keys, self.server.base)

        return asyncio.run(make())

    def new_caller(self) -> Caller:
        """Somebody with a new merchant's test secret key."""
        return self.new_merchant().caller()

    def let_time_pass(self, seconds: int) -> None:
        """In test mode it is later for every merchant: what waits for its time comes sooner."""
        rows_of(
            self.url,
            "update tenants set clock_offset_seconds = clock_offset_seconds + $1 where mode = 'test'",
            seconds,
        )

    @contextmanager
    def hurrying(self, seconds: int = 10, every: float = 0.5) -> Iterator[None]:
        """Time passes so much faster."""
        over = threading.Event()

        def hurry() -> None:
            while not over.wait(every):
                self.let_time_pass(seconds)

        thread = threading.Thread(target=hurry)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def stage(folder: Path, *, cells: int = 1, **settings: str) -> Iterator[Stage]:
    """Started on entry, stopped on exit."""
    data = folder / "data"
    usual = {"webhook_allow_private": "true", "cells": str(cells)}
    server = RunningServer(data=data, log=folder / "log", **usual | settings)
    with server.running():
        yield Stage(server, data, cells)


def register_customers(caller: Caller, number: int) -> list[str]:
    """New customers, each of whom is one event; their ids."""
    return [caller.register_customer().json()["id"] for _ in range(number)]


def rename(caller: Caller, customer_id: str) -> None:
    """Changes a customer, which is one event more."""
    answer = caller.patch(f"/billing/customers/{customer_id}", {"name": new_reference("Jane")})
    assert answer.status_code == 200, answer.text
