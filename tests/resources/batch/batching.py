"""Who sends many calls at once, and reads what each was answered."""

import json
from collections.abc import Iterable
from typing import Any

import httpx

from tests.running import Caller, new_key

Line = dict[str, Any]
Answers = list[dict[str, Any]]


def line(path: str, body: Any = ..., key: str | None = None, method: str = "POST", **more: Any) -> Line:
    """One line, under a new key where none is given."""
    sent = {"method": method, "path": f"/billing/{path}", "key": key or new_key(), "body": body, **more}
    return {name: value for name, value in sent.items() if value is not ...}


def customer(reference: str, key: str | None = None, **changes: Any) -> Line:
    """A line that registers a customer, who owes ZAR 10.00."""
    return line("customers", {"external_reference": reference, "currency": "ZAR", "balance": 1_000} | changes, key)


def post(
    caller: Caller, content: bytes, mode: str | None = None, content_type: str = "application/jsonl", **headers: str
) -> httpx.Response:
    """POST /billing/batch of any bytes."""
    sent = {"Content-Type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.http.post("/billing/batch", params={"mode": mode} if mode else {}, content=content, headers=sent)


def text_of(lines: Iterable[Line | str]) -> bytes:
    """Lines as they are sent; one that is text stands as it is."""
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines).encode()


def send(caller: Caller, lines: Iterable[Line | str], mode: str | None = None) -> Answers:
    """The answers to lines."""
    answer = post(caller, text_of(lines), mode)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/jsonl"
    return [json.loads(one) for one in answer.text.splitlines()]


def told(answers: Answers) -> list[tuple[int, str | None]]:
    """Status and code of each."""
    return [(one["status"], one["body"].get("code")) for one in answers]
