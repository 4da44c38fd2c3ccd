"""Keeps PostgreSQL's idea of a table's size current while the table grows fast.

Every statement of ours goes by key, and each key begins with the tenant. While the planner believes that a table
has one page, reading a tenant's whole share of it costs as much to it as looking one row up, and it may choose the
former; autovacuum corrects that belief once a minute. In a first minute of bulk imports that is too late.
"""

from typing import Final

from dues.db.database import Database

EVERY_SECONDS: Final = 1.0

FIND_OUTGROWN = """
select s.relid::regclass::text as name
  from pg_stat_user_tables s
  join pg_class c on c.oid = s.relid
 where s.schemaname = current_schema() and s.relname = any($1::text[])
   and s.n_mod_since_analyze > greatest(200, 0.5 * c.reltuples)
"""

TABLES: Final = [
    "accounts",
    "audit",
    "bill_credits",
    "bills",
    "checkouts",
    "closing_checks",
    "closings",
    "customer_identities",
    "customers",
    "entries",
    "events",
    "idempotency_keys",
    "import_rows",
    "imported_rows",
    "job_chunks",
    "jobs",
    "key_spendings",
    "late_entries",
    "mails",
    "metadata_pairs",
    "pay_links",
    "payment_applications",
    "payment_links",
    "payment_requests",
    "payments",
    "refunds",
    "webhook_deliveries",
    "webhook_lanes",
]
"""Ours: in a database that is shared with others, theirs are none of our business."""

ANALYZE = "select analyze_table($1::text::regclass)"
"""A function of the schema: only a table's owner may do it, and a server need not be that."""


async def analyze_outgrown(database: Database) -> None:
    """Analyses each table that has grown by half."""
    for table in await database.rows(FIND_OUTGROWN, TABLES):
        await analyze(database, table["name"])


async def analyze(database: Database, table: str) -> None:
    """Analyses one table."""
    await database.rows(ANALYZE, table)
