"""What is logged of requests, and what never is."""

import json
import socket
from pathlib import Path
from typing import Any

from tests.conftest import Merchant
from tests.running import Caller, RunningServer, new_reference


def test_there_is_one_line_of_json_for_each_request_and_no_secret_in_any(
    database_url: str, merchant: Merchant, log_path: Path
) -> None:
    secrets = {"key": f"IDEM-{new_reference()}", "name": "Jane Pseudonym", "email": "jane@pseudonym.example"}
    reference, wrong = new_reference("SECRETREF"), "sk_test_" + "Z" * 28
    body = {
        "external_reference": reference,
        "name": secrets["name"],
        "customer": {"external_reference": f"C-{reference}", "email": secrets["email"], "phone": "+27821234567"},
        "metadata": {"note": "for your eyes only"},
        "currency": "ZAR",
        "balance": 987654321,
    }
    server = RunningServer(database_url=database_url, log=log_path)
    tenant = f"{merchant.id}/test"
    with server.running():
        alice = merchant.caller(base=server.base)
        live, public = merchant.caller("live", base=server.base), merchant.caller(kind="public", base=server.base)
        stranger, nobody = Caller(server.base, wrong), Caller(server.base, None)
        accounts, account = "/billing/accounts", "/billing/accounts/{account}"
        told = [
            (alice.post(accounts, body, secrets["key"]), 201, accounts, tenant, 1),
            (alice.post(accounts, body, secrets["key"]), 201, accounts, tenant, 1),
            (alice.post(accounts, body), 409, accounts, tenant, 1),
            (alice.post(accounts, body | {"name": "Other"}, secrets["key"]), 422, accounts, tenant, 1),
            (alice.post(accounts, body | {"email": secrets["email"]}), 400, accounts, tenant, 0),
            (alice.http.post(accounts, content=b'{"name": "Jane Pseudonym'), 400, accounts, tenant, 0),
            (alice.get(f"{accounts}/{reference}"), 200, account, tenant, 1),
            (live.get(f"{accounts}/{reference}"), 404, account, f"{merchant.id}/live", 1),
            (public.get(f"{accounts}/{reference}"), 403, account, tenant, 0),
            (stranger.post(accounts, body), 401, accounts, "-", 0),
            (nobody.get(f"{accounts}/{reference}?note=for your eyes only"), 401, account, "-", 0),
            (alice.get(f"/no/such/path/{reference}"), 404, "-", "-", 0),
            (alice.http.put(accounts), 405, accounts, "-", 0),
            (nobody.get("/healthz"), 200, "/healthz", "-", 0),
        ]
        with socket.create_connection(("127.0.0.1", server.port)) as odd:
            odd.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            assert odd.recv(1000).startswith(b"HTTP/1.1 400")
    log = log_path.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    by_id: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        if line["event"] == "request":
            by_id.setdefault(line["request_id"], []).append(line)
    for answer, status, route, whose, group_size in told:
        (line,) = by_id[answer.headers["request-id"]]
        assert (answer.status_code, line["status"], line["route"]) == (status, status, route)
        assert (line["tenant"], line["group_size"]) == (whose, group_size)
        assert line["method"] == answer.request.method
        assert 0 <= line["duration_ms"] < 60_000
        assert line["timestamp"]
    hidden = [*secrets.values(), reference, wrong, wrong[8:], *(key.secret for key in merchant.keys)]
    hidden += ["for your eyes only", "27821234567", "987654321", "Bearer"]
    for text in hidden:
        assert text not in log
