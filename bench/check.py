"""Proves that both servers keep the same contract, by asking both the same and comparing answers and rows."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench import bare
from bench.adjustment_questions import adjustment_questions
from bench.ground import Ground, some_accounts
from bench.load import Load
from bench.open_bills import open_bills
from bench.payment_questions import BILL_AMOUNT, BILLS, PAID, payment_questions
from bench.questions import Keys, Question, questions
from bench.requests import Creates
from bench.rounds import sent
from bench.servers import Running
from dues.domain.etags import etag


class UnequalError(Exception):
    """The servers do not do the same, so that comparing their speed would mean nothing."""


async def same_answers(ours: Running, theirs: Running, keys: Keys, ground: Ground) -> int:
    """Asks both servers the same and returns how many questions that were. Raises UnequalError."""
    answers = {server.name: await _answers(server, keys, ground) for server in (ours, theirs)}
    rows = {server.name: await _rows(ground, _run_of(server)) for server in (ours, theirs)}
    differences = [
        f"{says}:\n  {ours.name}: {answer}\n  {theirs.name}: {answers[theirs.name][says]}"
        for says, answer in answers[ours.name].items()
        if answer != answers[theirs.name][says]
    ]
    only_ours, only_theirs = rows[ours.name] - rows[theirs.name], rows[theirs.name] - rows[ours.name]
    if only_ours or only_theirs:
        differences.append(f"rows written:\n  {ours.name}: {sorted(only_ours)}\n  {theirs.name}: {sorted(only_theirs)}")
    if differences:
        raise UnequalError("The two servers differ.\n" + "\n".join(differences))
    return len(answers[ours.name])


async def same_rows(ours: Running, creates: Creates, ground: Ground, script: Path) -> None:
    """Makes sure that pgbench's transaction adds to each table what a create adds. Raises UnequalError."""
    before = await _sizes(ground)
    sent(ours, Load(ours.port, creates, 1, 10, at_most=1))
    between = await _sizes(ground)
    bare.pgbench(ground, script, 1, "--transactions=1")
    after = await _sizes(ground)
    by_create = {table: between[table] - before[table] for table in before}
    by_pgbench = {table: after[table] - between[table] for table in before}
    if by_create != by_pgbench:
        raise UnequalError(f"Rows added, by table. A create: {by_create}. pgbench: {by_pgbench}.")


async def _sizes(ground: Ground) -> dict[str, int]:
    connection = await asyncpg.connect(ground.url)
    try:
        tables = await _tables(connection, ground)
        return {table: await connection.fetchval(f"select count(*) from {table}") for table in tables}
    finally:
        await connection.close()


def _run_of(server: Running) -> str:
    return f"CHECK{server.port}"


async def _answers(server: Running, keys: Keys, ground: Ground) -> dict[str, Any]:
    run = _run_of(server)
    answers = _asked(server, keys, questions(run, keys, ground.customers[3]))
    [account] = await some_accounts(ground, f"{run}-{PAID}", 1)
    await open_bills(ground, [account], BILLS, BILL_AMOUNT)
    answers |= _asked(server, keys, payment_questions(run, keys))
    return answers | _asked(server, keys, adjustment_questions(run, keys))


def _asked(server: Running, keys: Keys, asked: Iterable[Question]) -> dict[str, Any]:
    run = _run_of(server)
    answers: dict[str, Any] = {}
    bodies: dict[str, bytes] = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
        for number, question in enumerate(asked):
            headers: dict[str, str | None] = {
                "Authorization": f"Bearer {keys.secret}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{run}{question.path}-{number}",
                **question.headers,
            }
            content = question.body if isinstance(question.body, bytes) else json.dumps(question.body).encode()
            try:
                answer = client.request(
                    question.method,
                    question.path,
                    headers={name: value for name, value in headers.items() if value is not None},
                    content=content if question.method != "GET" else None,
                )
            except httpx.HTTPError as error:
                raise UnequalError(f"{server.name} does not answer {question.says!r}: {error}") from error
            bodies[question.says] = answer.content
            answers[question.says] = _essence(answer, run) | {
                "same bytes": question.again and answer.content == bodies[question.again]
            }
    return answers


def _essence(answer: httpx.Response, run: str) -> dict[str, Any]:
    """What the contract says of an answer; ids and words may differ."""
    kept = ("content-type", "idempotent-replayed", "www-authenticate")
    headers = {name: answer.headers[name].partition(";")[0] for name in kept if name in answer.headers}
    if "json" not in answer.headers.get("content-type", "") or not answer.content:
        return {"status": answer.status_code, "etag": "etag" in answer.headers, "text": answer.text}
    headers["etag"] = str(answer.headers.get("etag") == etag(answer.content))
    shown = json.loads(_mask(answer.text, run))
    if answer.is_error:
        pointers = {shown.get("pointer")} | {error["pointer"] for error in shown.get("errors", ())}
        told = {name: shown.get(name) for name in ("code", "status", "outstanding", "payment_rules")}
        shown = told | {"slug": shown["type"].partition("#")[2], "pointers": sorted(pointers - {None})}
    return {"status": answer.status_code, "id": "request-id" in answer.headers, **headers, "body": shown}


def _mask(text: str, run: str) -> str:
    text = re.sub(r"\b(bacc|bcus|bill|pay|ob|evt|ent|req)_[0-9A-Za-z]{21}\b", r"\1_…", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)", "NOW", text)  # what was sent has no fraction
    return text.replace(run, "RUN").replace(run.lower(), "run")


async def _rows(ground: Ground, run: str) -> Counter[str]:
    """Every row, of every table, that the questions left behind, without what differs from one request to the next."""
    connection = await asyncpg.connect(ground.url)
    try:
        ids = await connection.fetch(ground.tenant.sql(_OBJECTS), run)
        traces = [f"%{trace}%" for trace in (run, *(row["id"] for row in ids))]
        rows: Counter[str] = Counter()
        for table in await _tables(connection, ground):
            found = await connection.fetch(ground.tenant.sql(_TRACES.replace("{table}", table)), traces)
            rows.update(f"{table} {_lasting(row['row'], run)}" for row in found)
        return rows
    finally:
        await connection.close()


async def _tables(connection: "asyncpg.Connection[asyncpg.Record]", ground: Ground) -> list[str]:
    """Every table that has a tenant's data."""
    return [row["table_name"] for row in await connection.fetch(_TABLES, ground.tenant.names)]


def _lasting(row: str, run: str) -> str:
    columns = json.loads(row)
    return _mask(json.dumps({name: columns[name] for name in sorted(columns.keys() - _FLEETING)}), run)


_FLEETING = {"created_at", "updated_at", "expires_at", "hash", "salt", "fingerprint", "body"}
"""Times, what is drawn or hashed over ids and times, and answers, which are compared as they are given."""

_OBJECTS = " union all ".join(
    f"select id from {table} where {{whose}} and external_reference like $1 || '%'"
    for table in ("customers", "accounts", "bills", "payments")
)

_TABLES = """
select c.table_name from information_schema.columns c
  join information_schema.tables t using (table_schema, table_name)
 where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.column_name = any ($1::text[])
 group by c.table_name
having count(*) = cardinality($1::text[])
 order by 1
"""

# Where an event is in the feed is dues' own: the conventional version has no feed.
_TRACES = """
select (to_jsonb(t) - 'position')::text as row
  from {table} t
 where {whose} and to_jsonb(t)::text like any ($1)
"""
