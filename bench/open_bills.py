"""Bills that are open, put there by SQL: the conventional version is asked to pay them, not to make them."""

from collections.abc import Sequence

import asyncpg

from bench.ground import Ground, some_accounts


async def open_bills(ground: Ground, accounts: Sequence[str], each: int, amount_due: int, rules: str | None) -> None:
    """Gives each account (id) `each` open bills of `amount_due`, every one due a day after the one before.

    Their references are their account's with -1, -2, -3 …; `rules` is JSON (None: the default holds).
    """
    connection = await asyncpg.connect(ground.url)
    try:
        await connection.execute(ground.tenant.sql(_OPEN_BILLS), accounts, each, amount_due, rules, timeout=600)
    finally:
        await connection.close()


async def accounts_with_bills(ground: Ground, run: str, count: int, each: int) -> list[str]:
    """The ids of the first `count` accounts of `run`, each with `each` bills that stay open for ever.

    They are large, and their rules take an instalment of 1000 at once.
    """
    accounts = await some_accounts(ground, run, count)
    await open_bills(ground, accounts, each, 10**12, _INSTALMENTS)
    return accounts


INSTALMENT = 1_000

_INSTALMENTS = f'{{"min_amount":1,"max_amount":{INSTALMENT},"underpayment_allowed":true,"overpayment_allowed":false}}'

_OPEN_BILLS = """
insert into bills ({columns}, id, external_reference, customer_id, account_id, currency, amount_due, bill_on, due_on,
                   payment_rules, created_at)
select {values}, 'bill_' || substr(id, 6, 18) || lpad(number::text, 3, '0'), external_reference || '-' || number,
       customer_id, id, currency, $3, date '2026-01-01', date '2026-01-31' + number, $4::jsonb, now()
  from accounts, generate_series(1, $2::int) as number
 where {whose} and id = any ($1::text[])
"""
