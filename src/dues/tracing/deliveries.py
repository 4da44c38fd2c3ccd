"""A span for each attempt to deliver an event. It is a trace of its own, which the receiver may go on with."""

from collections.abc import Awaitable, Callable

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dues.events.store import Event
from dues.webhooks.leases.store import Lease
from dues.webhooks.outcome import Outcome

_context = TraceContextTextMapPropagator()


async def traced_send(
    tracer: Tracer, lease: Lease, event: Event, headers: dict[str, str], send: Callable[[], Awaitable[Outcome]]
) -> Outcome:
    """What came of `send`, which sends these headers. Where the URL leads to is not said: it may have a token in it."""
    span = tracer.start_span(
        f"deliver {event.type}",
        context=Context(),
        kind=SpanKind.CLIENT,
        attributes={
            "http.request.method": "POST",
            "dues.endpoint_id": lease.id,
            "dues.event_id": event.id,
            "dues.object_id": event.object_id,
        },
    )
    _context.inject(headers, set_span_in_context(span, Context()))
    try:
        outcome = await send()
        if outcome.status is not None:
            span.set_attribute("http.response.status_code", outcome.status)
        if not outcome.succeeded:
            said = outcome.error.partition(":")[0] if outcome.error else str(outcome.status)
            span.set_attribute("error.type", said)
            span.set_status(StatusCode.ERROR)
        return outcome
    finally:
        span.end()
