"""A collector of traces, as OpenTelemetry's exporter meets it: OTLP over HTTP, whose spans are kept."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Span:
    """One span as it was sent."""

    def __init__(self, sent: Any, resource: dict[str, Any]) -> None:
        self.name: str = sent.name
        self.kind: int = sent.kind
        self.trace_id: str = sent.trace_id.hex()
        self.id: str = sent.span_id.hex()
        self.parent_id: str = sent.parent_span_id.hex()
        self.links: list[str] = [link.span_id.hex() for link in sent.links]
        self.events: list[str] = [event.name for event in sent.events]
        self.is_error: bool = sent.status.code == sent.status.STATUS_CODE_ERROR
        self.begins: int = sent.start_time_unix_nano
        self.ends: int = sent.end_time_unix_nano
        self.attributes = _read(sent.attributes)
        self.resource = resource


def _read(attributes: Any) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


class Collector:
    """All spans that have come, and all bytes of them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.raw = b""

    def take(self, body: bytes) -> None:
        """Takes one request's spans."""
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = _read(resource.resource.attributes)
            self.spans += [Span(one, about) for scope in resource.scope_spans for one in scope.spans]

    def named(self, name: str) -> list[Span]:
        """Spans of this name."""
        return [one for one in self.spans if one.name == name]

    def below(self, span: Span) -> list[Span]:
        """The children of a span, by when they began."""
        return sorted((one for one in self.spans if one.parent_id == span.id), key=lambda one: one.begins)


@contextmanager
def collector() -> Iterator[Collector]:
    """One that listens on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            made.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
