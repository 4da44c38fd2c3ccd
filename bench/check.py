"""Proves that both servers keep the same contract, by asking both the same and comparing answers and rows."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from bench.ground import Ground
from bench.servers import Running


class UnequalError(Exception):
    """The servers do not do the same, so that comparing their speed would mean nothing."""


@dataclass(frozen=True)
class Question:
    """A request that both servers are asked. `run` in it differs from server to server, and is masked in answers."""

    says: str
    body: object = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/billing/accounts"
    again: str | None = None
    """The earlier question whose answer has to come back byte for byte."""


@dataclass(frozen=True)
class Keys:
    """The keys of one merchant in test mode."""

    secret: str
    public: str


async def same_answers(ours: Running, theirs: Running, keys: Keys, ground: Ground) -> int:
    """Asks both servers the same and returns how many questions that were. Raises UnequalError."""
    answers = {server.name: _answers(server, keys, ground) for server in (ours, theirs)}
    rows = {server.name: await _rows(ground, _run_of(server)) for server in (ours, theirs)}
    differences = [
        f"{says}:\n  {ours.name}: {answer}\n  {theirs.name}: {answers[theirs.name][says]}"
        for says, answer in answers[ours.name].items()
        if answer != answers[theirs.name][says]
    ]
    if rows[ours.name] != rows[theirs.name]:
        only = [sorted(set(rows[name]) - set(rows[other])) for name, other in _both_ways(ours.name, theirs.name)]
        differences.append(f"rows written:\n  only {ours.name}: {only[0]}\n  only {theirs.name}: {only[1]}")
    if differences:
        raise UnequalError("The two servers differ.\n" + "\n".join(differences))
    return len(answers[ours.name])


def _both_ways(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def _run_of(server: Running) -> str:
    return f"CHECK{server.port}"


def _questions(run: str, keys: Keys, customer: str) -> Iterator[Question]:
    account = {
        "customer": customer,
        "external_reference": f"{run}-1",
        "name": "Jane Doe",
        "currency": "ZAR",
        "balance": 2000,
        "metadata": {"account_type": "subscription", "billing_cycle": "monthly"},
    }
    new = {"external_reference": f"{run}-C", "name": "Zoë", "email": "z@example.com", "phone": "+27821234567"}
    key = {"Idempotency-Key": f"{run}-first"}

    def other(number: int, **changes: object) -> dict[str, object]:
        return account | {"external_reference": f"{run}-{number}"} | changes

    yield Question("an account with everything", account, key)
    yield Question("the same request again", dict(reversed(account.items())), key, again="an account with everything")
    yield Question("another request under the same key", other(2), key)
    yield Question("a taken reference", account, {"Idempotency-Key": f"{run}-taken"})
    yield Question("the refusal again", account, {"Idempotency-Key": f"{run}-taken"}, again="a taken reference")
    yield Question("an unknown customer", other(3, customer="bcus_unknown"))
    yield Question("a customer by reference", {"customer": "BENCH-7", "external_reference": f"{run}/4"})
    yield Question("a new customer", other(5, customer=new, name=None, metadata={}))
    yield Question(
        "a new customer who owes",
        other(
            6,
            customer={**new, "external_reference": f"{run}-D", "currency": "JPY", "balance": 0, "metadata": {"a": ""}},
        ),
    )
    yield Question("a new customer with a taken reference", other(7, customer=new))
    yield Question(
        "a new customer, but the account's reference is taken",
        account | {"customer": {"external_reference": f"{run}-E"}},
    )
    yield Question(
        "own payment rules",
        other(
            8,
            payment_rules={
                "min_amount": 1,
                "max_amount": 9,
                "underpayment_allowed": False,
                "overpayment_allowed": True,
            },
        ),
    )
    yield Question("a credit", other(9, balance=-5))
    yield Question("no balance", {"customer": customer, "external_reference": f"{run}-10", "currency": "USD"})
    yield Question("an amount out of range", other(11, balance=2**53))

    for number, (says, changes) in enumerate(_WRONG.items(), 20):
        yield Question(says, other(number, **changes))
    yield Question("an empty object", {})
    yield Question("what is not JSON", b'{"customer": ')
    yield Question("another media type", account, {"Content-Type": "text/plain"})
    yield Question("a body too large", other(80, name="x" * 70_000))
    yield Question("no idempotency key", other(81), {"Idempotency-Key": None})
    yield Question("an idempotency key with a space", other(82), {"Idempotency-Key": "a b"})
    yield Question("an idempotency key too long", other(83), {"Idempotency-Key": "a" * 256})
    yield Question("no key", other(84), {"Authorization": None})
    yield Question("an unknown key", other(85), {"Authorization": "Bearer sk_test_unknown"})
    yield Question("a public key", other(86), {"Authorization": f"Bearer {keys.public}"})
    yield Question("another method", account, method="PUT")

    yield Question("an account by reference", method="GET", path=f"/billing/accounts/{run}-1")
    yield Question("an account by a reference with a slash", method="GET", path=f"/billing/accounts/{run}%2F4")
    yield Question("an unknown account", method="GET", path=f"/billing/accounts/{run}-nobody")
    yield Question("an account that was refused", method="GET", path=f"/billing/accounts/{run}-7")


_WRONG: dict[str, dict[str, object]] = {
    "a currency in lower case": {"currency": "zar"},
    "no currency with the balance": {"currency": None},
    "a balance with a decimal point": {"balance": 2000.0},
    "a balance in quotes": {"balance": "2000"},
    "a balance of true": {"balance": True},
    "an unknown field": {"balnce": 1},
    "a control character": {"name": "a\nb"},
    "a name too long": {"name": "x" * 256},
    "a reference that looks like an id": {"external_reference": "bacc_1"},
    "a reference with a space at its end": {"external_reference": "a "},
    "eleven metadata keys": {"metadata": {str(number): "" for number in range(11)}},
    "a metadata value of null": {"metadata": {"a/b": None}},
    "a metadata value too long": {"metadata": {"a": "x" * 501}},
    "rules that contradict": {
        "payment_rules": {"min_amount": 2, "max_amount": 1, "underpayment_allowed": True, "overpayment_allowed": True}
    },
    "half of the rules": {"payment_rules": {"min_amount": 2}},
    "a bad new customer": {"customer": {"email": "nobody", "phone": "082"}},
    "several violations": {"customer": 7, "name": 7, "currency": "XXX"},
}


def _answers(server: Running, keys: Keys, ground: Ground) -> dict[str, Any]:
    run = _run_of(server)
    answers: dict[str, Any] = {}
    bodies: dict[str, bytes] = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
        for number, question in enumerate(_questions(run, keys, ground.customers[3])):
            headers: dict[str, str | None] = {
                "Authorization": f"Bearer {keys.secret}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{run}-{number}",
                **question.headers,
            }
            content = question.body if isinstance(question.body, bytes) else json.dumps(question.body).encode()
            answer = client.request(
                question.method,
                question.path,
                headers={name: value for name, value in headers.items() if value is not None},
                content=content if question.method != "GET" else None,
            )
            bodies[question.says] = answer.content
            answers[question.says] = _essence(answer, run) | {
                "same bytes": question.again and answer.content == bodies[question.again]
            }
    return answers


def _essence(answer: httpx.Response, run: str) -> dict[str, Any]:
    """What the contract says of an answer; ids and words may differ."""
    kept = ("content-type", "idempotent-replayed", "www-authenticate")
    headers = {name: answer.headers[name].partition(";")[0] for name in kept if name in answer.headers}
    shown = json.loads(_mask(answer.text, run))
    if answer.is_error:
        pointers = {shown.get("pointer")} | {error["pointer"] for error in shown.get("errors", ())}
        slug = shown["type"].partition("#")[2]
        shown = {"code": shown["code"], "slug": slug, "pointers": sorted(pointers - {None}), "status": shown["status"]}
    return {"status": answer.status_code, "id": "request-id" in answer.headers, **headers, "body": shown}


def _mask(text: str, run: str) -> str:
    text = re.sub(r"\b(bacc|bcus|evt|ent|req)_[0-9A-Za-z]{21}\b", r"\1_…", text)
    return text.replace(run, "RUN")


async def _rows(ground: Ground, run: str) -> list[str]:
    """Every row that the questions left behind, without what differs from one request to the next."""
    connection = await asyncpg.connect(ground.url)
    try:
        rows = await connection.fetch(_ROWS, ground.tenant_id, run)
        return sorted(_mask(row["row"], run) for row in rows)
    finally:
        await connection.close()


_ROWS = """
with mine as (
    select id from customers where tenant_id = $1 and external_reference like $2 || '%'
     union all
    select id from accounts where tenant_id = $1 and external_reference like $2 || '%'
)
select 'customer ' || (to_jsonb(c) - 'created_at')::text as row
  from customers c where tenant_id = $1 and id in (select id from mine)
 union all
select 'account ' || (to_jsonb(a) - 'created_at')::text
  from accounts a where tenant_id = $1 and id in (select id from mine)
 union all
select 'entry ' || (to_jsonb(e) - 'created_at')::text
  from entries e where tenant_id = $1 and owner_id in (select id from mine)
 union all
select 'event ' || (to_jsonb(v) - 'created_at' || jsonb_build_object('data', data::jsonb))::text
  from events v where tenant_id = $1 and object_id in (select id from mine)
 union all
select 'idempotency key ' || concat_ws(' ', key, method, path, status, object_id, length(fingerprint),
                                        expires_at - created_at)
  from idempotency_keys where tenant_id = $1 and key like $2 || '%'
"""
