"""Fills events, stored answers and deliveries with what is to be purged: by SQL, in bulk, as creates leave it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg

from bench.ground import Ground
from dues.domain.ids import first_id

STEP = 250_000

ENDPOINT = "whe_0Bench000000000000000"

EXPIRES_IN = timedelta(hours=12)
"""When the answers here expire: later than a measure takes, and earlier than those that are stored meanwhile. So a
server leaves them alone, and whoever purges as of a later time does not."""


async def fill_expired(ground: Ground, rows: int, tell: Callable[[int], None]) -> None:
    """Puts `rows` rows into each of the three tables. Each event is the last of its object, as those of creates are.
    `tell` is called with the number done so far."""
    connection = await asyncpg.connect(ground.url)
    try:
        await connection.execute("set synchronous_commit = off")
        await connection.execute(ground.tenant.sql(_ENDPOINT))
        for first in range(0, rows, STEP):
            last = min(first + STEP, rows) - 1
            for statement in (_EVENTS, _DELIVERIES):
                await connection.execute(ground.tenant.sql(statement), first, last, timeout=600)
            await connection.execute(ground.tenant.sql(_ANSWERS), first, last, EXPIRES_IN, timeout=600)
            tell(last + 1)
    finally:
        await connection.close()


AGE = timedelta(days=20)
"""Of events and deliveries: a server keeps them, and whoever purges as of half of it does not."""

_ID = f"'{first_id('', datetime.now(UTC) - AGE)}' || lpad(number::text, 13, '0')"

_EACH = "generate_series($1::bigint, $2::bigint) as number"

_SHOWN = f"""
'{{"id":"bacc_' || {_ID} || '","external_reference":"GONE-' || lpad(number::text, 10, '0')
    || '","customer_id":"bcus_0C0000000000000000000","name":"Jane Doe","currency":"ZAR","balance":2000,'
    || '"payment_rules":{{"min_amount":100,"max_amount":500000,'
    || '"underpayment_allowed":true,"overpayment_allowed":false}},'
    || '"metadata":{{"account_type":"subscription","billing_cycle":"monthly"}}}}'
"""

# Of a type of their own: events of one type go in the order of their positions, and those of the accounts are younger.
_EVENTS = f"""
insert into events ({{columns}}, id, type, object_id, data, created_at, sequence, actor)
select {{values}}, 'evt_' || {_ID}, 'account.updated', 'bacc_' || {_ID}, ({_SHOWN})::json,
       now() - interval '{AGE.days} days', 1, 'key_' || {_ID}
  from {_EACH}
"""

_DELIVERIES = f"""
insert into webhook_deliveries ({{columns}}, endpoint_id, event_id, event_type, status, attempts)
select {{values}}, '{ENDPOINT}', 'evt_' || {_ID}, 'account.created', 'succeeded',
       '[{{"at": "2026-01-01T00:00:00.000Z", "status": 200, "duration_ms": 12, "outcome": "succeeded"}}]'
  from {_EACH}
"""

_ENDPOINT = f"""
insert into webhook_endpoints ({{columns}}, id, url, status, disabled_reason, secret, position, created_at)
select {{values}}, '{ENDPOINT}', 'https://example.com', 'disabled', 'asked', '', 0, now()
on conflict do nothing
"""

# Keys as clients make them, in no order.
_ANSWERS = f"""
insert into idempotency_keys ({{columns}}, key, fingerprint, method, path, status, body, request_id, object_id,
                              created_at, expires_at)
select {{values}}, md5('gone' || number)::uuid::text, sha256(number::text::bytea), 'POST', '/billing/accounts', 201,
       convert_to({_SHOWN}, 'UTF8'), 'req_' || {_ID}, 'bacc_' || {_ID},
       now(), now() + $3::interval + number * interval '1 microsecond'
  from {_EACH}
"""
