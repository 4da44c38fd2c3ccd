"""`python -m bench.nodes URL …`: the same mixed load on databases of one node and of several, and the CPU of each.

Each URL is an empty database on this machine; one with Citus is that of a coordinator. Half of the requests open an
account for a customer, half make a bill for a new account of a new customer; those of eight merchants, in eight cells.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import Request, urlopen
from uuid import uuid4

import asyncpg

from bench.load import Load, send
from bench.processes import Postgres, Server
from bench.requests import Bills, Creates
from dues.db.database import Database
from dues.db.migrate import migrate
from dues.tenants.merchants import create_merchant

CELLS: Final = 8
CONNECTIONS: Final = 8
"""Of each merchant."""
SECONDS: Final = 10.0
WARM_SECONDS: Final = 4.0
PORT: Final = 18_080


async def prepare(url: str) -> list[str]:
    """Migrates it, and makes a merchant in each cell; their test secret keys."""
    await migrate(url)
    database = await Database.connect(url, 2)
    secrets = []
    for _ in range(CELLS):
        async with database.transaction() as tx:
            _, keys = await create_merchant(tx, "Bench", datetime.now(UTC), CELLS)
            await tx.commit()
        secrets.append(next(key.secret for key in keys if (key.mode, key.kind) == ("test", "secret")))
    await database.close()
    return secrets


async def nodes_of(url: str) -> dict[str, Postgres]:
    """Every PostgreSQL that has a part of it, by its port."""
    connection = await asyncpg.connect(url)
    try:
        spread = await connection.fetchval("select to_regclass('pg_dist_node') is not null")
        ports = await connection.fetch("select nodeport from pg_dist_node order by groupid") if spread else []
    finally:
        await connection.close()
    parts = urlsplit(url)
    places = {str(row["nodeport"]): re.sub(r":\d+$", f":{row['nodeport']}", parts.netloc) for row in ports}
    places = places or {str(parts.port or 5432): parts.netloc}
    return {port: await Postgres.behind(urlunsplit(parts._replace(netloc=place))) for port, place in places.items()}


def measure(url: str, secrets: list[str], nodes: dict[str, Postgres]) -> str:
    """A row of the table."""
    environment = os.environ | {"DUES_DATABASE_URL": url, "DUES_CELLS": str(CELLS), "DUES_WEBHOOKS": "false"}
    command = [sys.executable, "-m", "dues", "serve", "--port", str(PORT)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment | {"DUES_LOG_LEVEL": "error"}, stdout=quiet, stderr=quiet) as server:
        try:
            _until_ready()
            _send(secrets, WARM_SECONDS)
            measured: dict[str, Server | Postgres] = {"dues": Server(server.pid), **nodes}
            before = {name: one.cpu_seconds() for name, one in measured.items()}
            answered, seconds, p50 = _send(secrets, SECONDS)
            spent = {name: one.cpu_seconds() - before[name] for name, one in measured.items()}
        finally:
            server.terminate()
    each = " + ".join(f"{name} {1e6 * cpu / answered:.0f}" for name, cpu in spent.items())
    return f"| {urlsplit(url).path[1:]} | {answered / seconds:.0f} | {p50:.0f} | {each} |"


def _until_ready() -> None:
    for _ in range(300):
        try:
            with urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server does not start")


def _send(secrets: list[str], seconds: float) -> tuple[int, float, float]:
    """How many were answered, in how many seconds, and the median latency of the slowest merchant's in ms."""
    loads = []
    for number, secret in enumerate(secrets):
        run = uuid4().hex[:8]
        requests = Bills(secret, run) if number % 2 else Creates(secret, run, [_customer(secret, run)])
        loads.append(Load(PORT, requests, CONNECTIONS, seconds))
    with ThreadPoolExecutor(len(loads)) as threads:
        outcomes = list(threads.map(send, loads))
    failures = [one.failures for one in outcomes if one.failures]
    assert not failures, failures
    return (
        sum(one.answered for one in outcomes),
        max(one.seconds for one in outcomes),
        max(one.p50_ms for one in outcomes),
    )


def _customer(secret: str, run: str) -> str:
    """Registers one; its reference."""
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": run, "Content-Type": "application/json"}
    body = f'{{"external_reference":"CUST-{run}"}}'.encode()
    with urlopen(Request(f"http://127.0.0.1:{PORT}/billing/customers", body, headers), timeout=15):
        return f"CUST-{run}"


async def main() -> None:
    """Prints the table."""
    print("| database | answered a second | p50 ms | CPU of each, µs |")
    print("| --- | --- | --- | --- |")
    prepared = {url: (await prepare(url), await nodes_of(url)) for url in sys.argv[1:]}
    for url, (secrets, nodes) in prepared.items():
        print(measure(url, secrets, nodes), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
