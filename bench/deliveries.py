"""The measures of webhooks: how many are delivered per second, and how soon after the commit."""

import signal
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench import servers
from bench.arena import Arena, Size, prepared
from bench.findings import Costs, Finding, Report, finding
from bench.load import Load
from bench.paced import Pace, paced
from bench.receiver import Receiver, receiver
from bench.rounds import LoadFailedError, Sample, sent
from bench.servers import Running

ENDPOINTS = 100

LIGHT, HEAVY = 20, 1_000
"""Creates per second, of which each is one event for the one endpoint."""

P50_AIM_MS = 50.0

PATIENCE_SECONDS = 120


def deliveries(scratch: Path, size: Size) -> tuple[list[Finding], list[Costs]]:
    """Throughput from a backlog, by a `dues deliver` of its own; delays while creates arrive, within `dues serve`."""
    found, data = Report(), scratch / "deliveries"
    with receiver() as there:
        with servers.dues(data, webhooks="false", webhook_allow_private="true") as server:
            arena = prepared(data, server, scratch)
            with servers.deliverer(data, server) as deliverer:
                for endpoints, events in ((1, size.events), (ENDPOINTS, max(1, size.events // ENDPOINTS))):
                    title = f"events delivered to {endpoints} endpoint{'s' * (endpoints > 1)}"
                    sample = _drained(arena, deliverer, there, endpoints, events, size)
                    found.add([], [Costs(title, {"dues deliver": [sample]})])
        with servers.dues(data, webhook_allow_private="true") as server:
            arena = prepared(data, server, scratch)
            found.add(_delays(arena, there, size))
    return found.findings, found.costs


def _drained(arena: Arena, deliverer: Running, there: Receiver, endpoints: int, events: int, size: Size) -> Sample:
    """How fast `events` for each of so many endpoints are delivered that wait when the deliverer goes on."""
    process = deliverer.usage.process
    process.send_signal(signal.SIGSTOP)
    with httpx.Client(base_url=f"http://127.0.0.1:{arena.ours.port}", verify=False) as http:
        ids = [_make_endpoint(http, arena.key, there.url) for _ in range(endpoints)]
        sent(arena.ours, Load(arena.ours.port, arena.creates(), size.connections, 600, at_most=events))
        there.take()
        before = deliverer.usage.cpu_seconds(), arena.postgres.cpu_seconds(), there.usage.cpu_seconds()
        process.send_signal(signal.SIGCONT)
        wanted, deadline = events * endpoints, time.monotonic() + PATIENCE_SECONDS
        while (arrived := there.count()) < wanted:
            if time.monotonic() > deadline:
                raise LoadFailedError(f"only {arrived} of {wanted} events were delivered")
            time.sleep(0.05)
        after = deliverer.usage.cpu_seconds(), arena.postgres.cpu_seconds(), there.usage.cpu_seconds()
        for endpoint in ids:
            http.delete(f"/billing/webhook_endpoints/{endpoint}", headers={"Authorization": f"Bearer {arena.key}"})
    times = sorted(at for _, at in there.take())
    program, postgres, client = ((now - then) / wanted * 1e6 for now, then in zip(after, before, strict=True))
    return Sample(
        per_second=wanted / (times[-1] - times[0]), postgres_us=postgres, client_us=client, program_us=program
    )


def _make_endpoint(http: httpx.Client, key: str, url: str) -> str:
    answer = http.post(
        "/billing/webhook_endpoints",
        json={"url": url, "event_types": ["account.created"]},
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": f"endpoint-{time.monotonic_ns()}"},
    )
    made: str = answer.raise_for_status().json()["id"]
    return made


def _delays(arena: Arena, there: Receiver, size: Size) -> list[Finding]:
    """From the answer to a create, which is sent when it is committed, to its webhook."""
    with httpx.Client(base_url=f"http://127.0.0.1:{arena.ours.port}", verify=False) as http:
        _make_endpoint(http, arena.key, there.url)
    paced(Pace(arena.ours.port, arena.creates(), HEAVY, 1.0))  # everything is prepared, and PostgreSQL knows its plans
    findings = []
    for per_second in (LIGHT, HEAVY):
        there.take()
        answered = paced(Pace(arena.ours.port, arena.creates(), per_second, 2.0 * size.seconds))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while there.count() < len(answered.accounts) and time.monotonic() < deadline:
            time.sleep(0.05)
        arrived = dict(there.take())
        if answered.failed or arrived.keys() != answered.accounts.keys():
            raise LoadFailedError(f"{answered.failed} creates failed; {len(arrived)} events were delivered")
        # A webhook may be faster than the answer: both are sent after the commit.
        delays = sorted(max(arrived[account] - at, 0.0) * 1e3 for account, at in answered.accounts.items())
        findings += _findings(per_second, delays)
    return findings


def _findings(per_second: int, delays: Sequence[float]) -> list[Finding]:
    of = f"at {per_second:,} creates/s"
    aim = ([P50_AIM_MS], "{:,.0f} ms (aim)")
    median, late = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    return [
        finding(f"commit to delivery, p50, {of}", ([median], "{:,.1f} ms"), aim, at_most=True, target=1),
        finding(f"commit to delivery, p99, {of}", ([late], "{:,.1f} ms"), aim, at_most=True),
    ]
