"""The log line of a request: for programs, for people, and for nobody's secrets."""

import json
import re

import pytest

from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, Reply, problem_reply
from dues.http.request_log import RequestLog, no_log
from dues.logs import for_people, request_log
from tests.http.stage import Stage, get


def exchange(path: str, route: str = "-", **parameters: str) -> Exchange:
    """One that came to `route`."""
    made = Exchange("POST", path.encode(), {})
    made.route, made.path_parameters = route, parameters
    made.request_id, made.peer = "req_1", "192.0.2.7"
    return made


def logged(one: Exchange, reply: Reply, *, for_people: bool) -> bytes:
    """Its line."""
    lines: list[bytes] = []
    RequestLog(lines.append, for_people=for_people)(one, reply, 0.00123)
    (line,) = lines
    return line


PROBLEM = problem_reply("/docs", "/x", "req_1", ProblemError("validation_failed", 'Not "code":"this".'))


def test_on_a_terminal_it_is_short() -> None:
    accounts = exchange("/billing/accounts", "/billing/accounts")
    line = logged(accounts, PROBLEM, for_people=True).decode()
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /billing/accounts 400 validation_failed 1 ms", line)
    assert logged(accounts, Reply(201, b"{}"), for_people=True).decode().endswith("POST /billing/accounts 201 1 ms")


def test_for_programs_it_is_whole() -> None:
    accounts = exchange("/billing/accounts", "/billing/accounts")
    accounts.tenant, accounts.key_id, accounts.group_size = "mer_1/test", "key_1", 3
    line = json.loads(logged(accounts, PROBLEM, for_people=False))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "request_id": "req_1",
        "tenant": "mer_1/test",
        "method": "POST",
        "route": "/billing/accounts",
        "status": 400,
        "duration_ms": 1.23,
        "group_size": 3,
        "peer": "192.0.2.7",
        "path": "/billing/accounts",
        "key_id": "key_1",
        "code": "validation_failed",
        "event": "request",
        "level": "info",
    }
    nobody = json.loads(logged(exchange("/healthz", "/healthz"), Reply(200, b""), for_people=False))
    assert not {"key_id", "code"} & nobody.keys()


def test_it_says_who_the_client_is_where_that_is_not_the_peer() -> None:
    accounts = exchange("/billing/accounts", "/billing/accounts")
    accounts.client = accounts.peer
    assert "client" not in json.loads(logged(accounts, PROBLEM, for_people=False))
    accounts.client = "198.51.100.7"
    line = json.loads(logged(accounts, PROBLEM, for_people=False))
    assert (line["peer"], line["client"]) == ("192.0.2.7", "198.51.100.7")


@pytest.mark.parametrize(
    ("trusted", "client"), [("127.0.0.0/8, ::1", "198.51.100.7"), ("10.0.0.0/8", None), ("", None)]
)
def test_the_client_is_who_a_trusted_proxy_says(trusted: str, client: str | None) -> None:
    stage = Stage(20, 75, trusted_proxies=trusted)
    stage.start()
    try:
        with stage.connected() as proxy:
            proxy.send(get("/slow/0", "X-Forwarded-For: 203.0.113.9, 198.51.100.7"))
            assert proxy.answer()[0] == 200
    finally:
        stage.stop()
    [line] = stage.lines
    assert (line["peer"], line.get("client")) == ("127.0.0.1", client)


def test_other_lines_are_for_people_too_on_a_terminal() -> None:
    short = for_people(None, "warning", {"event": "job_postponed", "job": "statistics", "reason": "no database"})
    assert re.fullmatch(r"\d\d:\d\d:\d\d WARNING job_postponed: job=statistics, reason=no database", short)
    frames = '  File "a.py", line 1\n    x()\n'
    long = for_people(None, "error", {"event": "internal_error", "request_id": "req_1", "frames": frames})
    assert long.split("\n")[1:] == ['  File "a.py", line 1', "    x()"]
    assert long.split("\n")[0].endswith("ERROR internal_error: request_id=req_1")


ID = "bacc_0Ue8xPq2dK7mN4vRtYw3z"


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (exchange(f"/billing/accounts/{ID}/entries", "/billing/accounts/{account}/entries", account=ID), ID),
        (exchange("/billing/accounts/%2B27821234567", "/billing/accounts/{account}", account="%2B27821234567"), "*"),
        (
            exchange("/billing/accounts/sk_test_0Ue8xPq2dK7mN4vRtYw3", "/billing/accounts/{account}", account="sk_…"),
            "*",
        ),
        (exchange("/no/such/UAR-123"), "*"),
        (exchange("/\x1b[2J"), "*"),
        (exchange("/wp-admin"), "wp-admin"),
    ],
)
def test_of_a_path_it_shows_what_is_ours(one: Exchange, shown: str) -> None:
    path = json.loads(logged(one, Reply(404, b""), for_people=False))["path"]
    assert path.replace("/entries", "").rpartition("/")[2] == shown
    assert f" {path} " in logged(one, Reply(404, b""), for_people=True).decode()


def test_it_can_be_left_out() -> None:
    assert request_log("warning") is no_log
    assert isinstance(request_log("info"), RequestLog)
