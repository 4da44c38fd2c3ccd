"""Reading for a group: everything that its requests name, once each, in as few round trips as can be."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dues.commands.command import Procedure
from dues.commands.job import Job
from dues.commands.known import Known, TenantLookup
from dues.domain.tenants import Tenant
from dues.idempotency.lately import Lately
from dues.idempotency.store import StoredAnswer
from dues.tenants.spending.store import lock_spendings
from dues.work.questions import Part, Question, reading
from dues.work.work import Work

Asked = tuple[Tenant, Question]


async def learn(work: Work, known: Known, jobs: Sequence[Job], lately: Lately) -> None:
    """Answers what the jobs ask; once more under locks, where others may be first otherwise."""
    await _learn(work, known, jobs, lately)
    if work.cautious and await _lock(work, known, jobs):
        known.forget()
        await _learn(work, known, jobs, lately)


async def _learn(work: Work, known: Known, jobs: Sequence[Job], lately: Lately) -> None:
    # Of a request that was answered lately only that answer is asked for: if it is still there, nothing else is needed.
    repeated = {job for job in jobs if job.stored_under and lately.has(job.tenant.id, job.stored_under)}
    await _ask(work, known, _first_questions(jobs, repeated))
    undecided = [job for job in jobs if stored_answer(work, known, job) is None]
    if not repeated.isdisjoint(undecided):
        await _ask(work, known, _first_questions(undecided, set()))
    await _ask(work, known, (asked for job in undecided for asked in further_questions(known, job)))


def _first_questions(jobs: Sequence[Job], repeated: set[Job]) -> Iterator[Asked]:
    for job in jobs:
        if job in repeated and job.stored_under:
            yield job.tenant, job.stored_under
        else:
            yield from ((job.tenant, question) for question in job.questions)


def stored_answer(work: Work, known: Known, job: Job) -> StoredAnswer | None:
    """What was answered under its key before, and has not expired."""
    if job.stored_under is None:
        return None
    stored: StoredAnswer | None = known.other[job.tenant.id, job.stored_under]
    return stored if stored and stored.expires_at > work.now_of(job.tenant) else None


def further_questions(known: Known, job: Job) -> Iterator[Asked]:
    """What a job asks once its first questions are answered."""
    if isinstance(job.command, Procedure) or job.command.further is None:
        return
    for question in job.command.further(job.request, TenantLookup(known, job.tenant)):
        yield job.tenant, question


async def _ask(work: Work, known: Known, asked: Iterable[Asked]) -> None:
    """One statement for all questions. Those that are not answered have no answer."""
    by_part: dict[Part, list[Asked]] = {}
    for one in dict.fromkeys(asked):
        by_part.setdefault(one[1].part, []).append(one)
    if not by_part:
        return
    parts = tuple(sorted(by_part, key=lambda part: part.name))
    columns: list[object] = []
    for part in parts:
        columns += part.arrays((tenant.id, *question.values) for tenant, question in by_part[part])
    [row] = await work.tx.find(reading(parts), work.tx.cell, *columns)
    for part, answered in zip(parts, row.values(), strict=True):
        answers: dict[int, Any] = dict(part.decoder.decode(answered)) if answered else {}
        for position, (tenant, question) in enumerate(by_part[part], 1):
            question.learn(known, tenant.id, answers.get(position))


async def _lock(work: Work, known: Known, jobs: Sequence[Job]) -> bool:
    """Locks what keys have moved, and every object that may be changed; whether there was any.

    The kinds in their order and each kind's objects in theirs, so that no two groups wait for each other in a circle.
    """
    locked = await lock_spendings(work, {(job.tenant.id, job.spent_by.key_id) for job in jobs if job.spent_by})
    for kind in known.kinds.values():
        keys = sorted(
            key
            for key, record in known.records.items()
            if record.events is not None and isinstance(record.of, kind.shape)
        )
        if keys:
            await work.tx.lock(kind.lock, work.tx.cell, *zip(*keys, strict=True))
            locked = True
    return locked
