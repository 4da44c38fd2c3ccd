"""A Stripe of our own: sessions by Idempotency-Key, their state, and messages signed as Stripe signs them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stripe import WebhookSignature

SECRET = "whsec_double"


class StripeDouble:
    """What Stripe would know. Faults are taken one for each call: a status, `drop` or `lost` (done, and not told);
    `faults` for what is begun, `faults_asked` for questions, which a server asks of its own."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.faults: list[int | str] = []
        self.faults_asked: list[int | str] = []
        self.calls: list[tuple[str, str]] = []
        self._by_key: dict[str, str] = {}
        self._lock = threading.Lock()
        self.url = ""

    def answer(self, method: str, path: str, key: str, form: dict[str, list[str]]) -> dict[str, Any] | None:
        """The session that a call is about, as it is then."""
        with self._lock:
            self.calls.append((method, path))
            parts = urlsplit(path).path.removeprefix("/v1/checkout/sessions").strip("/").split("/")
            if method == "POST" and parts == [""]:
                return self._create(key, form)
            session = self.sessions.get(parts[0])
            if session is None or (parts[1:] == ["expire"] and session["status"] != "open"):
                return None
            if parts[1:] == ["expire"]:
                session["status"] = "expired"
            return session

    def _create(self, key: str, form: dict[str, list[str]]) -> dict[str, Any]:
        if key in self._by_key:
            return self.sessions[self._by_key[key]]
        number = f"cs_test_{len(self.sessions)}"
        self._by_key[key] = number
        self.sessions[number] = {
            "id": number,
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": int(form["line_items[0][price_data][unit_amount]"][0]),
            "currency": form["line_items[0][price_data][currency]"][0],
            "client_reference_id": form["client_reference_id"][0],
            "success_url": form["success_url"][0],
            "expires_at": int(form["expires_at"][0]),
            "url": f"{self.url}/pay/{number}",
        }
        return self.sessions[number]

    @property
    def session(self) -> dict[str, Any]:
        """The one that was begun last."""
        return list(self.sessions.values())[-1]

    def pay(self, session: dict[str, Any], **differently: Any) -> None:
        """Somebody pays a session that is open."""
        assert session["status"] == "open"
        intent = f"pi_{session['id']}_{id(self)}"
        session.update(status="complete", payment_status="paid", payment_intent=intent, **differently)


def message(
    session: dict[str, Any], kind: str = "completed", secret: str = SECRET, age_seconds: int = 0
) -> tuple[bytes, dict[str, str]]:
    """What Stripe tells of a session."""
    event = {"id": "evt_1", "object": "event", "type": f"checkout.session.{kind}", "data": {"object": session}}
    body = json.dumps(event)
    stamp = int(time.time()) - age_seconds
    signature = WebhookSignature.generate_signature_header(body, secret, stamp)
    return body.encode(), {"Stripe-Signature": signature, "Content-Type": "application/json"}


@contextmanager
def stripe_double() -> Iterator[StripeDouble]:
    """It answers on loopback while the block lasts."""
    double = StripeDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            form = parse_qs(self.rfile.read(length).decode())
            faults = double.faults if self.command == "POST" else double.faults_asked
            fault = faults.pop(0) if faults else None
            if isinstance(fault, int):
                self._send(fault, {"error": {"message": "Something is wrong at Stripe.", "type": "api_error"}})
                return
            if fault == "drop":
                self.close_connection = True
                return
            found = double.answer(self.command, self.path, self.headers.get("idempotency-key") or "", form)
            if fault == "lost":
                self.close_connection = True
                return
            wrong = {"error": {"message": "No such session, or it is over.", "type": "invalid_request_error"}}
            self._send(200 if found else 404, found or wrong)

        def _send(self, status: int, body: dict[str, Any]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
