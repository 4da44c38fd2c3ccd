"""What makes spans and sends them: OpenTelemetry's own, told by its own environment variables."""

import asyncio
import os
import socket
import threading
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from dues.tracing.deliveries import traced_send
from dues.tracing.groups import TracedGroupCommit
from dues.tracing.parts import Parts
from dues.tracing.requests import TracedEntrance
from dues.tracing.statements import connect_traced

FLUSH_SECONDS: Final = 2.0
"""How long a process that ends waits for a collector that does not take its last spans."""


def traced_parts(path_prefix: str) -> Parts:
    """Parts that make spans. In this process, since what sends them is a thread of it."""
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say wins over these.
    instance = f"{socket.gethostname()}-{os.getpid()}"
    usual = {"service.name": "dues", "service.version": version("dues"), "service.instance.id": instance}
    resource = Resource(usual).merge(_said_by_the_environment())
    # It would wait for half a minute at the end of the process, where the collector is away.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("dues", version("dues"))
    return Parts(
        connect=partial(connect_traced, tracer),
        group_commit=partial(TracedGroupCommit, tracer),
        entrance=partial(TracedEntrance, tracer, path_prefix),
        send=partial(traced_send, tracer),
        aclose=partial(_shut_down, provider, exporter),
    )


def _said_by_the_environment() -> Resource:
    said = Resource.create()
    # Without OTEL_SERVICE_NAME it makes a name up.
    made_up = {"service.name"} if str(said.attributes.get("service.name")).startswith("unknown_service") else set()
    return Resource({name: value for name, value in said.attributes.items() if name not in made_up})


async def _shut_down(provider: TracerProvider, exporter: OTLPSpanExporter) -> None:
    """Sends the last spans. What cannot be sent in time is lost, and holds up nobody."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # nobody waits any longer
            loop.call_soon_threadsafe(ended.set)

    # No pool's thread: the process would wait for it at its end.
    threading.Thread(target=shut_down, daemon=True).start()
    try:
        await asyncio.wait_for(ended.wait(), FLUSH_SECONDS)
    except TimeoutError:
        exporter.shutdown()  # type: ignore[no-untyped-call]  # it ends its pauses between two attempts
