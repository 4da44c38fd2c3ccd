"""Carries out a group: what it names is read, its requests are decided one after another, all of it is written.

read     everything that the group names, once each, in one statement (two where something depends on it)
decide   in order of arrival: each sees what those before it did
write    each object's end state, all entries, events and answers, in one statement, which is the transaction
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from msgspec import structs

from dues.audit.store import Done
from dues.commands.closed import look_at_dates
from dues.commands.command import Command, Outcome, Procedure, Shown
from dues.commands.job import Job
from dues.commands.kind import Kind
from dues.commands.known import Known, TenantLookup
from dues.commands.read import further_questions, learn
from dues.commands.write import Draft, write
from dues.db.errors import Conflict
from dues.domain.actors import SYSTEM
from dues.domain.ids import new_id
from dues.domain.key_limits import NOTHING, Spent, moved, spend
from dues.domain.records import Change
from dues.domain.refusals import Refusal
from dues.idempotency.answers import is_stored, replay, to_store
from dues.idempotency.lately import Lately
from dues.idempotency.store import StoredAnswer, delete_expired_keys
from dues.tenants.closed.store import Dated
from dues.work.group_commit import Failed, Later
from dues.work.work import Work

DECIDED_AT_ONCE: Final = 64
"""After so many others have a turn: a thousand in one transaction would keep them waiting for a tenth of a second."""


class Group:
    """How groups of jobs are carried out: `kinds` are in the order in which their objects are locked and written."""

    def __init__(self, kinds: Mapping[type, Kind[Any]], retention: timedelta) -> None:
        self._kinds = kinds
        self._retention = retention
        self._lately = Lately()

    async def carry_out(self, work: Work, jobs: Sequence[Job]) -> list[Any]:
        """What each is answered, in order; Failed for one that cannot be decided, of which nothing stays."""
        known = Known(self._kinds)
        answers = await self.decide(work, known, jobs)
        self._write(work, known, jobs)
        return answers

    async def carry_out_in_order(self, work: Work, jobs: Sequence[Job]) -> list[Any]:
        """The same for jobs that go on one after the other: at the first that cannot be decided beside those before it
        this ends, so the answers may be fewer. The first has always one."""
        known = Known(self._kinds)
        await self._learn(work, known, jobs)
        answers: list[Any] = []
        for job in jobs:
            answer = await self._answer(work, known, job)
            if answers and isinstance(answer, Failed) and isinstance(answer.error, Later):
                break
            answers.append(answer)
            if len(answers) % DECIDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        self._write(work, known, jobs[: len(answers)])
        return answers

    def _write(self, work: Work, known: Known, jobs: Sequence[Job]) -> None:
        write(work, known)
        for job in jobs:
            if job.stored_under and known.other[job.tenant.id, job.stored_under]:
                self._lately.add(job.tenant.id, job.stored_under)

    async def decide(self, work: Work, known: Known, jobs: Sequence[Job]) -> list[Any]:
        """The first half of it: what each would be answered, and in `known` what would be written."""
        await self._learn(work, known, jobs)
        answers: list[Any] = []
        for job in jobs:
            answers.append(await self._answer(work, known, job))
            if len(answers) % DECIDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return answers

    async def _learn(self, work: Work, known: Known, jobs: Sequence[Job]) -> None:
        await learn(work, known, jobs, self._lately)
        await _make_room(work, known, jobs)

    async def _answer(self, work: Work, known: Known, job: Job) -> Any:
        stored = _stored(known, job)
        if stored is not None:
            work.tx.confirm()
        if isinstance(job.command, Procedure) and stored is None:
            # It is alone, so whatever it raises is told to nobody else.
            outcome = await job.command.run(work, job.request)
            if not isinstance(outcome, Refusal):
                _audit(work, known, job, outcome.id or "")
            return self._finish(work, known, job, outcome)
        try:
            return self._decide(work, known, job, job.command) if stored is None else _again(job, stored)
        except Conflict:
            raise
        except Exception as error:
            return Failed(error)

    def _decide(self, work: Work, known: Known, job: Job, command: Command | Procedure) -> Any:
        assert isinstance(command, Command)
        outcome = command.decide(job.request, TenantLookup(known, job.tenant), work.cause(job.request))
        dated = look_at_dates(job, outcome, known, work.cause(job.request)) if job.is_dated else None
        if isinstance(dated, Refusal):
            outcome = dated
        spent = None if isinstance(outcome, Refusal) else _spend(work, known, job, outcome)
        if isinstance(spent, Refusal):
            outcome = spent
        if isinstance(outcome, Refusal):
            if job.render and not work.cautious and next(further_questions(known, job), None):
                # A change that was decided on two reads meets the numbers of what it changes; a refusal meets nothing.
                raise Conflict("what it was refused for was read at two moments")
            return self._finish(work, known, job, outcome)
        draft = Draft(work, known, job.request, outcome)
        answer = self._finish(work, known, job, draft.shown)
        draft.keep()
        if outcome.changes:
            _audit(work, known, job, draft.shown.id or "")
        if isinstance(dated, Dated):
            known.enter(job.tenant.id, dated)
        if job.spent_by and isinstance(spent, Spent):
            known.other[job.tenant.id, job.spent_by] = spent
            known.spendings[job.tenant.id, job.spent_by.key_id] = spent
        return answer

    def _finish(self, work: Work, known: Known, job: Job, outcome: Shown | Refusal) -> Any:
        """What the client is told; kept, where it is to be given again."""
        if job.render is None:
            return outcome
        answer = job.render(job.request, outcome)
        if job.stored_under and is_stored(answer):
            kept = _encrypted(job, to_store(job.request, answer, work.now_of(job.tenant), self._retention))
            known.other[job.tenant.id, job.stored_under] = kept
            known.answered.append((job.request, kept))
        return answer


def _audit(work: Work, known: Known, job: Job, object_id: str) -> None:
    """Keeps what a person did, to be written with it."""
    request = job.request
    if request.audited is None:
        return
    now, actor = work.now_of(request.tenant), request.actor or SYSTEM
    done_id, asked = new_id("aud_", now), request.audited
    known.audited.append(
        Done(request.tenant.id, done_id, actor, asked.operation, object_id, request.request_id, asked.address, now)
    )


def _spend(work: Work, known: Known, job: Job, outcome: Outcome) -> Spent | Refusal | None:
    """What the key of a job has moved then, if that is limited; or that it may not."""
    moving = job.request.moving
    if moving is None:
        return None
    spent: Spent | None = known.other[job.tenant.id, job.spent_by] if job.spent_by else None
    changes = [change for change in outcome.changes if isinstance(change, Change)]
    amounts = moved(moving, changes)
    if not any(amounts.values()):
        return None
    after = spend(moving.limits, spent or NOTHING, amounts, work.now_of(job.tenant).date())
    return after if job.render or isinstance(after, Refusal) else None


def _again(job: Job, stored: StoredAnswer) -> Any:
    """What was answered under its key before, if it is the same request."""
    given = replay(job.request, _decrypted(job, stored))
    return job.render(job.request, given) if job.render and isinstance(given, Refusal) else given


def _encrypted(job: Job, answer: StoredAnswer) -> StoredAnswer:
    """As it is kept: what shows a secret must not lie there for everybody to read who has the database."""
    if not job.command.encrypted_by:
        return answer
    body = job.command.encrypted_by.encrypt(job.request.idempotency_key or "", answer.body.decode())
    return structs.replace(answer, body=body.encode())


def _decrypted(job: Job, answer: StoredAnswer) -> StoredAnswer:
    if not job.command.encrypted_by:
        return answer
    body = job.command.encrypted_by.decrypt(job.request.idempotency_key or "", answer.body.decode())
    return structs.replace(answer, body=body.encode())


def _stored(known: Known, job: Job) -> StoredAnswer | None:
    if job.stored_under is None:
        return None
    stored: StoredAnswer | None = known.other[job.tenant.id, job.stored_under]
    return stored


async def _make_room(work: Work, known: Known, jobs: Sequence[Job]) -> None:
    """Answers that have expired are as if they had never been."""
    expired = [job for job in jobs if (stored := _stored(known, job)) and stored.expires_at <= work.now_of(job.tenant)]
    if expired:
        keys = [(job.tenant, job.request.idempotency_key or "") for job in expired]
        await delete_expired_keys(work, keys)
    for job in expired:
        assert job.stored_under
        known.other[job.tenant.id, job.stored_under] = None
