"""What a collector is sent of a server that traces: the real exporter, and a collector that reads what it sends."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.clusters import Template
from tests.journeys.burst import Shot, send_at_once
from tests.journeys.outgoing import Stage, register_customers, stage
from tests.journeys.own_database import until
from tests.journeys.receiver import FAILS, TAKEN, Arrival, Receiver, Reply
from tests.running import Caller
from tests.tracing.collector import Collector, Span, collector

SERVER, CLIENT = 2, 3
"""Kinds of spans."""

CREATE = "POST /billing/customers"


class TracedReceiver(Receiver):
    """A receiver that remembers which trace each webhook is of."""

    def __init__(self) -> None:
        super().__init__()
        self.traceparents: list[str] = []

    def answer_to(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Checks a webhook and decides what to say."""
        self.traceparents.append(headers["traceparent"])
        return super().answer_to(path, headers, body)


@pytest.fixture(scope="module")
def traces() -> Iterator[Collector]:
    """The collector."""
    with collector() as made:
        yield made


@pytest.fixture(scope="module")
def traced(traces: Collector, template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that sends its traces there."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", traces.url)
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        environment.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests")
        environment.setenv("NO_PROXY", "127.0.0.1")
        folder = tmp_path_factory.mktemp("traced")
        template.copy_to(folder / "data")
        with stage(folder) as made:
            yield made


@pytest.fixture
def carol(traced: Stage) -> Caller:
    """A merchant's test secret key."""
    return traced.new_caller()


def span_of(traces: Collector, request_id: str) -> Span:
    """The span of a request, and of its trace all that ended before."""
    found: list[Span] = []

    def has_come() -> bool:
        found[:] = [one for one in traces.spans if one.attributes.get("dues.request_id") == request_id]
        return bool(found)

    until(has_come)
    return found[0]


def test_a_request_is_a_trace_down_to_its_statements(traces: Collector, carol: Caller) -> None:
    trace_id, parent_id = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {"traceparent": f"00-{trace_id}-{parent_id}-01", "baggage": "who=nobody-must-know"}
    began = time.time_ns()
    answer = carol.post("/billing/customers", {"external_reference": "REF-SEEN", "name": "Jane Unseen"}, **headers)
    span = span_of(traces, answer.headers["Request-Id"])
    assert (span.name, span.kind, span.trace_id, span.parent_id) == (CREATE, SERVER, trace_id, parent_id)
    assert began < span.begins < span.ends < time.time_ns()
    assert span.attributes["http.request.method"] == "POST"
    assert span.attributes["http.route"] == "/billing/customers"
    assert span.attributes["http.response.status_code"] == 201
    assert span.attributes["dues.group_size"] == 1
    assert span.attributes["dues.tenant"].startswith("mer_")
    assert "error.type" not in span.attributes
    assert span.resource["service.name"] == "dues"
    assert span.resource["deployment.environment.name"] == "tests"

    below = traces.below(span)
    wait, group = [one for one in below if one.name in ("wait", "group")]
    assert wait.links == [group.id]
    assert group.links == [span.id]
    assert span.begins <= wait.begins <= wait.ends <= group.ends <= span.ends
    assert group.attributes == {
        "dues.cell": 1,
        "dues.group.size": 1,
        "dues.group.tenants": 1,
        "dues.group.commands": ["customers.create"],
    }
    read, write = traces.below(group)
    assert (read.name, write.name, write.kind) == ("read", "write", CLIENT)
    assert write.attributes["db.system.name"] == "postgresql"
    assert write.attributes["db.query.summary"].startswith("insert ")
    assert {"customers", "events", "idempotency_keys"} <= {*write.attributes["db.query.summary"].split()}
    assert {one.name for one in below} <= {"wait", "group", "find_key"}, "and who asks is looked up"


def test_nothing_that_is_somebodys_is_in_it(traces: Collector, carol: Caller) -> None:
    key = carol.http.headers["Authorization"].removeprefix("Bearer ")
    sent = {"external_reference": "REF-SECRET", "name": "Jane Secret", "email": "jane@secret.example"}
    carol.post("/billing/customers", sent, "the-idempotency-key", baggage="who=Secret")
    carol.post("/billing/customers", sent, "another-idempotency-key")  # the reference is taken
    carol.get("/billing/customers?external_reference=REF-SECRET&q=Jane")
    last = carol.get("/billing/customers/REF-SECRET%2Ffor-a-telephone?token=Secret")
    span_of(traces, last.headers["Request-Id"])
    for secret in ("REF-SECRET", "Jane", "jane@", "Secret", "idempotency-key", key, key[-8:]):
        assert secret.encode() not in traces.raw, secret


def test_who_waits_together_is_linked_with_one_group(traces: Collector, traced: Stage, carol: Caller) -> None:
    secret = carol.http.headers["Authorization"].removeprefix("Bearer ")

    def send(number: int) -> list[Span]:
        bodies = [{"external_reference": f"CUST-{number}-{n}"} for n in range(20)]
        answers = send_at_once([Shot(traced.server.base, secret, body, path="/billing/customers") for body in bodies])
        assert {answer.status for answer in answers} == {201}
        return [span_of(traces, answer.headers["request-id"]) for answer in answers]

    for attempt in range(10):
        requests = {span.id: span for span in send(attempt)}
        assert len({span.trace_id for span in requests.values()}) == 20
        groups = [one for one in traces.named("group") if requests.keys() & {*one.links}]
        waits = [one for one in traces.named("wait") if one.parent_id in requests]
        if any(len(one.links) > 1 for one in groups):
            break
    else:
        pytest.fail("there was no group of several")
    assert sorted(link for group in groups for link in group.links) == sorted(requests), "each is in one group"
    for group in groups:
        assert group.parent_id == group.links[0], "and a group is in the trace of its first"
        assert group.attributes["dues.group.size"] == len(group.links)
        led = [one for one in waits if one.links == [group.id]]
        assert sorted(one.parent_id for one in led) == sorted(group.links), "from each the group is found"
        assert {one.name for one in traces.below(group)} >= {"read", "write"}


def test_what_goes_wrong_is_seen(traces: Collector, carol: Caller) -> None:
    missing = carol.get("/billing/customers/bcus_0Ue8xPq2dK7mN4vRtYw3z")
    span = span_of(traces, missing.headers["Request-Id"])
    assert span.name == "GET /billing/customers/{customer}"
    assert (span.attributes["error.type"], span.is_error) == ("customer_not_found", False)
    nowhere = carol.get("/nowhere/at/all")
    span = span_of(traces, nowhere.headers["Request-Id"])
    assert (span.name, span.attributes["error.type"]) == ("GET", "route_not_found")
    assert "http.route" not in span.attributes
    stranger = Caller(str(carol.http.base_url), "sk_test_nobody").get("/billing/customers")
    assert span_of(traces, stranger.headers["Request-Id"]).attributes["error.type"] == stranger.json()["code"]


def test_what_is_not_to_be_sampled_leaves_nothing(traces: Collector, carol: Caller) -> None:
    trace_id = "1af7651916cd43dd8448eb211c80319c"
    for path in ("/healthz", "/readyz", "/metrics"):
        assert carol.get(path).status_code == 200
    carol.post("/billing/customers", {"external_reference": "REF"}, traceparent=f"00-{trace_id}-b7ad6b7169203331-00")
    malformed = carol.get("/billing/customers", traceparent="00-nonsense")
    assert span_of(traces, malformed.headers["Request-Id"]).parent_id == "", "nonsense begins a trace"
    assert trace_id not in {one.trace_id for one in traces.spans}
    assert not {"is_current", "list_cells", "lease_endpoints", "statistics"} & {one.name for one in traces.spans}
    assert not [one for one in traces.spans if one.kind == CLIENT and not one.parent_id and "deliver" not in one.name]


def test_each_attempt_to_deliver_is_a_trace_that_its_receiver_goes_on_with(traces: Collector, carol: Caller) -> None:
    receiver = TracedReceiver()
    refused: list[Arrival] = []

    def fails_once(arrival: Arrival) -> Reply:
        refused.append(arrival)
        return TAKEN if len(refused) > 1 else FAILS

    try:
        endpoint = receiver.register(carol, "/a?token=Unsaid", fails_once)
        register_customers(carol, 2)
        until(lambda: len(traces.named("deliver customer.created")) == 2)
    finally:
        receiver.close()
    spans = traces.named("deliver customer.created")
    came = sorted(one.rpartition("-")[::2] for one in receiver.traceparents)
    assert [trace for trace, _ in came] == sorted(f"00-{one.trace_id}-{one.id}" for one in spans)
    assert all(int(flags, 16) & 1 for _, flags in came), "and is told that it is sampled"
    assert {one.kind for one in spans} == {CLIENT}
    assert {one.parent_id for one in spans} == {""}
    assert {one.attributes["dues.endpoint_id"] for one in spans} == {endpoint}
    said = [
        (one.attributes["http.response.status_code"], one.is_error, one.attributes.get("error.type")) for one in spans
    ]
    assert sorted(said, key=str) == [(200, False, None), (500, True, "500")]
    assert {one.attributes["dues.event_id"] for one in spans} == {one.event_id for one in refused}
    assert b"Unsaid" not in traces.raw
    assert receiver.wrong == [], "and the signature is right all the same"


@pytest.mark.slow
def test_a_server_whose_collector_is_away_serves_and_stops_in_time(
    monkeypatch: pytest.MonkeyPatch, template: Template, tmp_path: Path
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    template.copy_to(tmp_path / "data")
    with stage(tmp_path) as made:
        assert register_customers(made.new_caller(), 3)
        began = time.monotonic()
        assert made.server.stop() == 0
        assert time.monotonic() - began < 8
        said = [json.loads(line) for line in made.server.log.read_text().splitlines()]
        assert {one["event"] for one in said if one["level"] != "info"} <= {"library"}
