"""Fills the tables with accounts, years of them: by SQL, in bulk, and as dues would have left them."""

from collections.abc import Callable

import asyncpg

from bench.ground import CUSTOMER_FIRST, CUSTOMER_PREFIX, CUSTOMERS, METADATA_PAIRS, Ground, analyze

KEYS_OF_A_DAY_MAX = 1_000_000
"""Idempotency keys live for a day: however many accounts there are, no more than these are still there."""

EVENTS_OF_A_MONTH_MAX = 1_000_000
"""What events tell is forgotten after a month; of older ones their number alone is left."""

ACCOUNTS_OF_A_CUSTOMER = 5
"""Of every second account; the others share the ground's customers, whose lists are long."""

STEP = 250_000


async def fill(
    ground: Ground, accounts: int, tell: Callable[[int], None], begin: int = 0, told: int = EVENTS_OF_A_MONTH_MAX
) -> None:
    """Puts `accounts` accounts into the tables, with their customers, entries, events, and a day's keys.

    `tell` is called with the number done so far. Foreign keys are not checked meanwhile: they hold by construction.
    With `begin`, so many are there already. Of the last `told` events tell what happened; with none, no keys are there.
    """
    connection = await asyncpg.connect(ground.url)
    try:
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        for first in range(begin, accounts, STEP):
            last = min(first + STEP, accounts) - 1
            keyed = min(last, KEYS_OF_A_DAY_MAX - 1) if told else first - 1
            for statement, *range_ in (
                (_CUSTOMERS, first, last),
                (_CUSTOMER_EVENTS, first, last),
                (_ACCOUNTS, first, last),
                (_ENTRIES, first, last),
                (_PAIRS, first, last),
                (_EVENTS, first, last, accounts - told),
                (_KEYS, first, keyed),
            ):
                await connection.execute(ground.tenant.sql(statement), *range_, timeout=600)
            tell(last + 1)
    finally:
        await connection.close()
    await analyze(ground)


def filled_account(number: int) -> tuple[str, str]:
    """Id and reference of an account that `fill` has put there, counted from 0."""
    return f"bacc_0A000000{number:013}", f"OLD-{number:010}"


_ID = "'0A000000' || lpad(number::text, 13, '0')"

_EACH = "generate_series($1::bigint, $2::bigint) as number"

_CUSTOMER_EACH = f"generate_series($1::bigint, $2::bigint) as number where number % {2 * ACCOUNTS_OF_A_CUSTOMER} = 0"
"""A customer has the number of the first of its accounts."""

_CUSTOMER_ID = f"""
case number % 2
    when 0 then 'bcus_0A000000' || lpad((number - number % {2 * ACCOUNTS_OF_A_CUSTOMER})::text, 13, '0')
    else '{CUSTOMER_PREFIX}' || ({CUSTOMER_FIRST} + number / 2 % {CUSTOMERS})
end
"""

_SHOWN = f"""
'{{"id":"bacc_' || {_ID} || '","external_reference":"OLD-' || lpad(number::text, 10, '0')
    || '","customer_id":"' || {_CUSTOMER_ID} ||
    '","name":"Jane Doe","currency":"ZAR","balance":2000,"payment_rules":{{"min_amount":100,"max_amount":500000,'
    || '"underpayment_allowed":true,"overpayment_allowed":false}},'
    || '"metadata":{{"account_type":"subscription","billing_cycle":"monthly"}}}}'
"""

_CUSTOMERS = f"""
insert into customers ({{columns}}, id, external_reference, name, created_at, reference_folded, name_folded)
select {{values}}, 'bcus_' || {_ID}, 'OLD-' || number, 'Jane Doe', now() - interval '1 hour', 'old-' || number,
       'jane doe'
  from {_CUSTOMER_EACH}
"""

_CUSTOMER_EVENTS = f"""
insert into events ({{columns}}, id, type, object_id, data, created_at, sequence)
select {{values}}, 'evt_0B' || substr({_ID}, 3), 'customer.created', 'bcus_' || {_ID},
       json_build_object('id', 'bcus_' || {_ID}, 'external_reference', 'OLD-' || number, 'name', 'Jane Doe'),
       now() - interval '1 hour', 1
  from {_CUSTOMER_EACH}
"""

_ACCOUNTS = f"""
insert into accounts ({{columns}}, id, external_reference, customer_id, name, currency, balance, metadata, created_at,
                      reference_folded, name_folded)
select {{values}}, 'bacc_' || {_ID}, 'OLD-' || lpad(number::text, 10, '0'), {_CUSTOMER_ID}, 'Jane Doe', 'ZAR', 2000,
       '{{"account_type": "subscription", "billing_cycle": "monthly"}}', now() - interval '1 hour',
       'old-' || lpad(number::text, 10, '0'), 'jane doe'
  from {_EACH}
"""

_ENTRIES = f"""
insert into entries ({{columns}}, owner_id, number, id, kind, currency, amount, balance_after, request_id,
                     idempotency_key, created_at, hash, actor, version, salt)
select {{values}}, 'bacc_' || {_ID}, 1, 'ent_' || {_ID}, 'opening', 'ZAR', 2000, 2000, 'req_' || {_ID},
       md5(number::text)::uuid::text, now() - interval '1 hour', sha256(number::text::bytea), 'key_' || {_ID}, 2,
       decode(md5(number::text), 'hex')
  from {_EACH}
"""

_PAIRS = f"""
insert into metadata_pairs ({{columns}}, pair, object_id)
select {{values}}, pair, 'bacc_' || {_ID}
  from {_EACH}, unnest(array[{", ".join(f"decode('{pair}', 'hex')" for pair in METADATA_PAIRS)}]) as pair
"""

_EVENTS = f"""
insert into events ({{columns}}, id, type, object_id, data, created_at, sequence, actor)
select {{values}}, 'evt_' || {_ID}, 'account.created', 'bacc_' || {_ID},
       case when number >= $3::bigint then ({_SHOWN})::json end, now() - interval '1 hour', 1,
       case when number >= $3::bigint then 'key_' || {_ID} end
  from {_EACH}
"""

_KEYS = f"""
insert into idempotency_keys ({{columns}}, key, fingerprint, method, path, status, body, request_id, object_id,
                              created_at, expires_at)
select {{values}}, md5(number::text)::uuid::text, sha256(number::text::bytea), 'POST', '/billing/accounts', 201,
       convert_to({_SHOWN}, 'UTF8'), 'req_' || {_ID}, 'bacc_' || {_ID},
       now() - interval '1 hour', now() + interval '23 hours'
  from {_EACH}
"""
