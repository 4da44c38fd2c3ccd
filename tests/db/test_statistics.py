"""PostgreSQL knows how large the tables are that requests fill."""

import asyncio

import asyncpg

from dues.db.statistics import TABLES

OF_A_TENANT = """
select table_name from information_schema.columns
 where table_schema = current_schema() and column_name = 'tenant_id'
"""

FEW_ROWS = {"api_keys", "default_payment_rules", "webhook_endpoints", "webhook_resends"}
"""What is set up, not filled, and the one resend that an endpoint may have under way."""


def test_every_table_that_requests_fill_is_looked_after(database_url: str) -> None:
    async def tables() -> set[str]:
        connection = await asyncpg.connect(database_url)
        try:
            return {row["table_name"] for row in await connection.fetch(OF_A_TENANT)}
        finally:
            await connection.close()

    assert asyncio.run(tables()) - FEW_ROWS == set(TABLES)
