"""What migrating makes of a database with Citus, and what holds there that holds elsewhere by other means."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from dues.db.database import Database
from dues.db.grants import TABLES
from dues.db.migrate import grant_to, migrate
from dues.domain.tenants import Tenant
from dues.events import watermark as module
from dues.events.watermark import Watermark
from tests.conftest import Merchant
from tests.db.databases import execute
from tests.db.roles import as_role
from tests.house.statements import tables
from tests.journeys.citus.cluster import on
from tests.journeys.own_database import rows_of
from tests.journeys.test_feed import hold_to_order

PLACE = """
select p.shardid as part, p.nodename as host, p.nodeport as port
  from pg_dist_shard_placement p
 where p.shardid = get_shard_id_for_distribution_column('events', $1::integer)
"""


def tenant_of(url: str, merchant: Merchant) -> Tenant:
    """Its tenant in test mode."""
    [row] = rows_of(url, "select cell, id from tenants where merchant_id = $1 and mode = 'test'", merchant.id)
    return Tenant(row["cell"], row["id"])


def test_every_table_is_on_the_nodes_and_migrating_again_does_nothing(database_url: str) -> None:
    kinds = {
        row["name"]: row["partmethod"]
        for row in rows_of(
            database_url, "select logicalrelid::text as name, partmethod::text, colocationid from pg_dist_partition"
        )
    }
    assert {name for name, kind in kinds.items() if kind == "h"} == tables() | {"cells"}
    assert {name for name, kind in kinds.items() if kind == "n"} == TABLES.keys() - tables() - {"schema_migrations"}
    together = rows_of(database_url, "select distinct colocationid from pg_dist_partition where partmethod = 'h'")
    assert len(together) == 1
    before = rows_of(database_url, "select shardid from pg_dist_shard order by 1")
    assert asyncio.run(migrate(database_url)) == []
    assert rows_of(database_url, "select shardid from pg_dist_shard order by 1") == before


@pytest.mark.parametrize("change", ["update entries set amount = 1", "delete from entries"])
def test_entries_cannot_be_changed_there_either(database_url: str, merchant: Merchant, change: str) -> None:
    assert merchant.caller().open_account(currency="ZAR", balance=5).is_success
    tenant = tenant_of(database_url, merchant)
    with pytest.raises(asyncpg.PostgresError, match="entries are immutable"):
        rows_of(database_url, f"{change} where cell = $1 and tenant_id = $2", *tenant)


@contextmanager
def written_on_the_node_alone(url: str, tenant: Tenant) -> Iterator[Callable[[str], None]]:
    """An event whose transaction the coordinator knows nothing of: as if it had given it up, and the node had not."""
    [row] = rows_of(url, "select nextval('event_positions') as position")
    [place] = rows_of(url, PLACE, tenant.cell)
    runner = asyncio.Runner()
    connection = runner.run(asyncpg.connect(on(url, (place["host"], place["port"]))))
    run: Callable[[str], Any] = lambda statement: runner.run(connection.execute(statement))  # noqa: E731
    try:
        run("begin; set local citus.enable_manual_changes_to_shards = on")
        run(
            f"insert into events_{place['part']} (cell, tenant_id, id, type, object_id, created_at, sequence, position)"
            f" values ({tenant.cell}, {tenant.id}, 'evt_late', 'customer.created', 'late', now(), 1, {row['position']})"
        )
        yield run
    finally:
        runner.run(connection.close())
        runner.close()


def test_what_only_a_node_knows_of_holds_up_its_cell_and_no_other(
    database_url: str, merchants: list[Merchant], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    tenants = [tenant_of(database_url, merchant) for merchant in merchants]
    nodes = [rows_of(database_url, PLACE, tenant.cell)[0]["port"] for tenant in tenants]
    other = next(tenant for tenant, node in zip(tenants, nodes, strict=True) if node != nodes[0])

    async def positions() -> tuple[int, int, int]:
        database = await Database.connect(database_url, 4)
        try:
            watermark = Watermark(database)
            held, free = await watermark.stable_position(tenants[0].cell), await watermark.stable_position(other.cell)
            [latest] = await database.rows("select pg_sequence_last_value('event_positions') as position")
            return held, free, latest["position"]
        finally:
            await database.close()

    with written_on_the_node_alone(database_url, tenants[0]) as run:
        held, free, latest = asyncio.run(positions())
        assert held < latest == free
        run("rollback")
    held, free, latest = asyncio.run(positions())
    assert held == free == latest


def test_a_role_without_ownership_can_serve(database_url: str) -> None:
    role = f"server_{urlsplit(database_url).path[-6:]}"
    execute(database_url, f"create role {role} login")
    try:
        execute(database_url, "revoke create on schema public from public")
        assert any("cells" in statement for statement in asyncio.run(grant_to(database_url, role)))
        assert asyncio.run(migrate(as_role(database_url, role))) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            rows_of(as_role(database_url, role), "delete from entries where cell = 1")
    finally:
        execute(database_url, f"drop owned by {role}; drop role {role}")


def test_a_cell_that_is_moved_to_another_node_goes_on(database_url: str, merchant: Merchant) -> None:
    caller, tenant = merchant.caller(), tenant_of(database_url, merchant)
    account = caller.open_account(currency="ZAR", balance=5).json()["id"]
    [place] = rows_of(database_url, PLACE, tenant.cell)
    query = "select nodename as host, nodeport as port from pg_dist_node where groupid <> 0 and nodeport <> $1"
    to = rows_of(database_url, query, place["port"])[0]
    rows_of(
        database_url,
        "select citus_move_shard_placement($1, $2, $3, $4, $5, shard_transfer_mode => 'block_writes')",
        *(place["part"], place["host"], place["port"], to["host"], to["port"]),
    )
    assert rows_of(database_url, PLACE, tenant.cell)[0]["port"] == to["port"]
    adjusted = caller.post(f"/billing/accounts/{account}/adjustments", {"amount": 7, "reason": "x"})
    assert adjusted.status_code == 201, adjusted.text
    assert caller.get(f"/billing/accounts/{account}").json()["balance"] == 12
    hold_to_order(caller.everything("/billing/events", order="oldest_first"))
    with pytest.raises(asyncpg.PostgresError, match="entries are immutable"):
        rows_of(database_url, "delete from entries where cell = $1 and tenant_id = $2", *tenant)
