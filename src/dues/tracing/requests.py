"""A span for each request, from its last header to its answer. What is in it may be shown to whoever runs the server:
the route and not the path, the problem and not its sentence, and nothing of headers and bodies."""

import time
from typing import Any, Final

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dues.http.entrance import Entrance
from dues.http.exchange import Exchange
from dues.http.problems import Reply
from dues.http.request_log import problem_code

UNTRACED: Final = ("/healthz", "/readyz", "/metrics")
"""What programs ask every few seconds: their spans would be all that there is on a quiet day."""

_context: Final = TraceContextTextMapPropagator()
"""W3C's traceparent and tracestate. Baggage is not read: it may be anything, and there is nobody to hand it on to."""

_SENT: Final = ("traceparent", "tracestate")


class TracedEntrance(Entrance):
    """A front door whose requests have spans."""

    def __init__(self, tracer: Tracer, path_prefix: str, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tracer = tracer
        self._untraced = frozenset({*UNTRACED, *(path_prefix + path for path in UNTRACED)})

    async def answer(self, exchange: Exchange) -> Reply:
        """The answer to an exchange. It raises nothing."""
        if exchange.path in self._untraced:
            return await super().answer(exchange)
        span = self._begin(exchange)
        if not span.is_recording():
            return await super().answer(exchange)
        token = attach(set_span_in_context(span, Context()))
        reply = await super().answer(exchange)
        detach(token)
        span.set_attributes(_known_of(exchange))
        if reply.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.set_attribute("http.response.status_code", reply.status)
        if code := problem_code(reply):
            span.set_attribute("error.type", code)
        if exchange.route != "-":
            span.update_name(f"{exchange.method} {exchange.route}")
        span.end()
        return reply

    def _begin(self, exchange: Exchange) -> Span:
        """The span, in the trace that the client says it is of, if it says so."""
        carrier = {name: value.decode("latin-1") for name in _SENT if (value := exchange.header(name.encode()))}
        waited = time.perf_counter() - exchange.started_at
        return self._tracer.start_span(
            exchange.method,
            context=_context.extract(carrier, Context()) if carrier else Context(),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": exchange.method, "url.scheme": "http"},
            start_time=time.time_ns() - int(waited * 1e9),
        )


def _known_of(exchange: Exchange) -> dict[str, str | int]:
    known: dict[str, str | int] = {"dues.request_id": exchange.request_id}
    if exchange.route != "-":
        known["http.route"] = exchange.route
    if exchange.tenant != "-":
        known["dues.tenant"] = exchange.tenant
    if exchange.group_size:
        known["dues.group_size"] = exchange.group_size
    return known
