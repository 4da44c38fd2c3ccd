"""Wraps a command so that each idempotency key is carried out once, and answered the same ever after.

In the transaction of the group: look the keys up; give stored answers again; run the command for the rest; store
what may be stored. Claims keep two requests with one key apart within this process; between processes the
primary key does: the loser's transaction fails as a whole, runs again, and finds the winner's answer.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct, structs

from dues.db.transaction import Row
from dues.domain.refusals import Refusal
from dues.idempotency import store
from dues.work.work import Claim, Command, Request, Work

STORED_REFUSALS: Final = frozenset({404, 409, 422})
"""Refusals that the work itself gave. Every other error leaves the key free for a corrected request."""


class Keyed(Struct, frozen=True):
    """A body under an idempotency key. `fingerprint` is the SHA-256 of method, path and canonical body."""

    body: Any
    fingerprint: bytes
    method: str
    path: str


class Answer(Struct, frozen=True):
    """What a client is told: an HTTP status and a body, byte for byte."""

    status: int
    body: bytes
    object_id: str | None = None
    replayed: bool = False


Render = Callable[[Request[Keyed], Any], Answer]
"""From what a command answered (an object or a Refusal) to what the client is told."""


def answer_once(command: Command[Any, Any], render: Render, retention: timedelta) -> Command[Keyed, Answer]:
    """`command`, once per key; a request without a key is simply carried out. Answers are kept for `retention`."""

    async def run(work: Work, requests: Sequence[Request[Keyed]]) -> list[Answer]:
        stored = await _find_stored(work, requests)
        fresh = [request for request in requests if _scope(request) not in stored]
        outcomes = await command.run(work, [_unkeyed(request) for request in fresh]) if fresh else []
        answers = [render(request, outcome) for request, outcome in zip(fresh, outcomes, strict=True)]

        kept = [
            _row(work, request, answer, retention)
            for request, answer in zip(fresh, answers, strict=True)
            if request.idempotency_key and (answer.status < 300 or answer.status in STORED_REFUSALS)
        ]
        store.insert_answers(work, kept)
        given = iter(answers)
        return [
            _replay(request, stored[scope], render) if (scope := _scope(request)) in stored else next(given)
            for request in requests
        ]

    def claims(request: Request[Keyed]) -> Iterable[Claim]:
        if request.idempotency_key:
            yield ("idempotency_key", *_scope(request))
        yield from command.claims(_unkeyed(request))

    return Command(command.name, run, claims)


async def _find_stored(work: Work, requests: Sequence[Request[Keyed]]) -> dict[tuple[int, str | None], Row]:
    """What is stored under the requests' keys, by tenant and key, and has not expired."""
    keys = [(request.tenant_id, request.idempotency_key) for request in requests if request.idempotency_key]
    stored = await store.find_answers(work, keys)
    if expired := [scope for scope, row in stored.items() if row["expired"]]:
        await store.delete_expired_keys(work, expired)
    return {scope: row for scope, row in stored.items() if not row["expired"]}


def _scope(request: Request[Keyed]) -> tuple[int, str | None]:
    return request.tenant_id, request.idempotency_key


def _unkeyed(request: Request[Keyed]) -> Request[Any]:
    return structs.replace(request, body=request.body.body)


def _row(work: Work, request: Request[Keyed], answer: Answer, retention: timedelta) -> tuple[object, ...]:
    now = work.now_of(request.tenant_id)
    return (
        *_scope(request),
        request.body.fingerprint,
        request.body.method,
        request.body.path,
        answer.status,
        answer.body,
        request.request_id,
        answer.object_id,
        now,
        now + retention,
    )


def _replay(request: Request[Keyed], stored: Row, render: Render) -> Answer:
    if stored["fingerprint"] == request.body.fingerprint:
        return Answer(stored["status"], stored["body"], stored["object_id"], replayed=True)
    return render(
        request,
        Refusal(
            "idempotency_key_reused",
            f"This Idempotency-Key was first used for another {stored['method']} {stored['path']} "
            f"at {stored['created_at']:%Y-%m-%dT%H:%M:%SZ}. Send the same body, or use a new key.",
        ),
    )
