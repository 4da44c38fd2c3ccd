"""Reading for a group: everything that its requests name, once each, in as few round trips as can be."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dues.commands.command import Procedure
from dues.commands.job import Job
from dues.commands.known import Known, TenantLookup
from dues.domain.tenants import Tenant
from dues.work.questions import Part, Question, reading
from dues.work.work import Work

Asked = tuple[Tenant, Question]


async def learn(work: Work, known: Known, jobs: Sequence[Job]) -> None:
    """Answers what the jobs ask; once more under locks, where others may be first otherwise."""
    await _learn(work, known, jobs)
    if work.cautious and await _lock(work, known):
        known.forget()
        await _learn(work, known, jobs)


async def _learn(work: Work, known: Known, jobs: Sequence[Job]) -> None:
    await _ask(work, known, ((job.tenant, question) for job in jobs for question in job.questions))
    await _ask(work, known, (asked for job in jobs for asked in further_questions(known, job)))


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
    columns: list[Sequence[object]] = []
    for part in parts:
        columns += zip(*((tenant.id, *question.values) for tenant, question in by_part[part]), strict=True)
    [row] = await work.tx.find(reading(parts), work.tx.cell, *columns)
    for part, answered in zip(parts, row.values(), strict=True):
        answers: dict[int, Any] = dict(part.decoder.decode(answered)) if answered else {}
        for position, (tenant, question) in enumerate(by_part[part], 1):
            question.learn(known, tenant.id, answers.get(position))


async def _lock(work: Work, known: Known) -> bool:
    """Locks every object that may be changed; whether there was any.

    The kinds in their order and each kind's objects in theirs, so that no two groups wait for each other in a circle.
    """
    locked = False
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
