"""Bills that are open, put there by SQL: the conventional version is asked to pay them, not to make them."""

from collections.abc import Sequence

import asyncpg

from bench.ground import Ground


async def open_bills(ground: Ground, accounts: Sequence[str], each: int, amount_due: int) -> None:
    """Gives each account (id) `each` open bills of `amount_due`, every one due a day after the one before.

    Their references are their account's with -1, -2, -3 …. Those that were paid are open again: what is measured reads
    of their ledgers only where they end.
    """
    connection = await asyncpg.connect(ground.url)
    try:
        await connection.execute(ground.tenant.sql(_OPEN_BILLS), accounts, each, amount_due, timeout=600)
    finally:
        await connection.close()


_OPEN_BILLS = """
insert into bills ({columns}, id, external_reference, customer_id, account_id, currency, amount_due, bill_on, due_on,
                   created_at)
select {values}, 'bill_' || substr(id, 6, 18) || lpad(number::text, 3, '0'), external_reference || '-' || number,
       customer_id, id, currency, $3, date '2026-01-01', date '2026-01-31' + number, now()
  from accounts, generate_series(1, $2::int) as number
 where {whose} and id = any ($1::text[])
    on conflict ({columns}, id) do update set amount_paid = 0, amount_applied = 0, status = 'unpaid'
"""
