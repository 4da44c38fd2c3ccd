"""One tenant's endpoints that hang hold up no other tenant's: neither by the places they take nor by their leases."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from dues.db.database import Database
from dues.db.migrate import migrate
from dues.domain.tenants import Tenant
from dues.events.notifier import Notifier
from dues.events.store import insert_next_event
from dues.events.watermark import Watermark
from dues.tenants.merchants import create_merchant
from dues.tenants.store import find_tenants
from dues.webhooks.context import IN_FLIGHT_MAX, LEASES_MAX, DeliveryContext
from dues.webhooks.destinations import ANYWHERE
from dues.webhooks.dispatcher import Dispatcher
from dues.webhooks.outgoing import Outgoing
from dues.webhooks.places import Places
from dues.work.work import Work
from tests.db.databases import EmptyDatabases
from tests.journeys.journal import SOAK
from tests.waiting import until
from tests.webhooks.receiver import Receiver, answer, receiving

INSERT = """
insert into webhook_endpoints (cell, tenant_id, id, url, secret, position, created_at)
select $1, $2::integer, 'whe_' || $2::integer || '_' || n, $3, 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 0, now()
  from generate_series(1, $4::integer) as n
"""

TO_ANYWHERE = Outgoing(ANYWHERE)


class Town:
    """One that delivers, and two tenants: one whose endpoints hang, and one whose endpoint takes everything."""

    def __init__(self, database: Database, notifier: Notifier, taking: Receiver, hanging: Receiver) -> None:
        self.database, self.notifier, self.taking, self.hanging = database, notifier, taking, hanging

    async def settle(self, url: str, endpoints: int) -> Tenant:
        """A tenant with so many endpoints there."""
        async with self.database.transaction() as tx:
            merchant_id, _ = await create_merchant(tx, "Fair", datetime.now(UTC))
            await tx.commit()
        tenant, _ = (await find_tenants(self.database, merchant_id))["test"]
        await self.database.rows(INSERT, *tenant, url, endpoints)
        return tenant

    async def happen(self, tenant: Tenant, events: int) -> None:
        """Something happens to so many objects of a tenant."""
        async with self.database.transaction() as tx:
            for _ in range(events):
                now = datetime.now(UTC)
                await insert_next_event(Work(tx, now), tenant, "customer.created", f"bcus_{now.timestamp()}", b"{}")
            await tx.commit()
        self.notifier.notify([tenant.id])

    async def delivery_seconds(self, tenant: Tenant) -> float:
        """How long the next event of a tenant takes to arrive."""
        arrived, began = len(self.taking.requests), time.monotonic()
        await self.happen(tenant, 1)
        await until(lambda: len(self.taking.requests) > arrived, seconds=20)
        return time.monotonic() - began


async def silent(_: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.sleep(60)


@asynccontextmanager
async def delivering(url: str, places: int, leases: int, outgoing: Outgoing = TO_ANYWHERE) -> AsyncIterator[Town]:
    """A process that delivers, with so many places and leases."""
    database, own = await Database.connect(url, 6), await Database.connect(url, 2)
    notifier = Notifier(database)
    context = DeliveryContext(
        database, Watermark(database), notifier, outgoing, places=Places(places), leases_max=leases
    )
    task = asyncio.create_task(Dispatcher(context).run())
    try:
        async with receiving(answer()) as taking, receiving(silent) as hanging:
            yield Town(own, notifier, taking, hanging)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.close()
        await own.close()


async def measure(url: str, endpoints: int, places: int, leases: int, tries: int = 3) -> list[float]:
    """The seconds that deliveries take while another tenant's endpoints hang, the slowest last; its first, alone."""
    await migrate(url)
    async with delivering(url, places, leases) as town:
        small = await town.settle(town.taking.url(), 1)
        alone = await town.delivery_seconds(small)
        large = await town.settle(town.hanging.url(), endpoints)
        await town.happen(large, 4)
        wanted = min(2 * endpoints, places // 2, leases)
        await until(lambda: len(town.hanging.requests) >= wanted)
        seconds = [await town.delivery_seconds(small) for _ in range(tries)]
        newcomer = await town.settle(town.taking.url(), 1)
        seconds.append(await town.delivery_seconds(newcomer))
        return [alone, *sorted(seconds)]


def test_who_comes_while_anothers_endpoints_hang_does_not_wait(databases: EmptyDatabases) -> None:
    *_, slowest = asyncio.run(measure(databases.new(), endpoints=24, places=32, leases=500))
    assert slowest < 3, "an endpoint that hangs does so for fifteen seconds"


def test_leases_are_shared_too(databases: EmptyDatabases) -> None:
    *_, slowest = asyncio.run(measure(databases.new(), endpoints=24, places=500, leases=12))
    assert slowest < 3


@pytest.mark.soak
@pytest.mark.skipif(not SOAK, reason="it takes too long for every day")
def test_who_comes_while_two_hundred_hang_does_not_wait(databases: EmptyDatabases) -> None:
    alone, *seconds = asyncio.run(measure(databases.new(), 200, IN_FLIGHT_MAX, LEASES_MAX, tries=20))
    print(f"alone {alone:.3f} s; while 200 hang: median {seconds[10]:.3f} s, slowest {seconds[-1]:.3f} s")
    assert seconds[-1] < 3
