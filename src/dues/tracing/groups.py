"""A span for each wait, and one for each group, with links to all requests that are in it.

    trace of A     POST /billing/accounts
                     ├─ wait ─────────────┐ link
                     └─ group ◄───────────┤          links to A, B and C
                          ├─ read         │
                          └─ write        │
    trace of B     POST /billing/payments │
                     └─ wait ─────────────┤ link
    trace of C     PATCH /billing/bills/{bill}
                     └─ wait ─────────────┘ link

A span has one parent, and a group has as many requests as are in it. It is a child of the first that is sampled, and so
sampled itself, by whatever rule; the others lead to it by links.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Link, Span, SpanContext, Tracer, get_current_span, set_span_in_context

from dues.work.group_commit import GroupCommit
from dues.work.line import Line
from dues.work.queue import Job, Waiting


class Wait:
    """A request's wait for its group."""

    __slots__ = ("_span", "request")

    def __init__(self, tracer: Tracer, job: Job) -> None:
        self.request = get_current_span()
        self._span: Span | None = tracer.start_span("wait", attributes={"dues.command": job.name})

    def end(self, group: SpanContext | None = None) -> None:
        """Its group begins; or it has waited in vain. Whoever is put off to another group has waited once."""
        if self._span is None:
            return
        if group:
            self._span.add_link(group)
        self._span.end()
        self._span = None


class TracedGroupCommit(GroupCommit):
    """A group commit whose groups have spans, where any of their requests is sampled."""

    def __init__(self, tracer: Tracer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tracer = tracer
        self._waits: dict[Job, Wait] = {}

    async def submit(self, job: Job) -> tuple[Any, int]:
        """The answer to a job, and how many its group had."""
        if not get_current_span().is_recording():
            return await super().submit(job)
        self._waits[job] = Wait(self._tracer, job)
        try:
            return await super().submit(job)
        finally:
            self._waits.pop(job).end()

    async def _run_group(self, number: int, line: Line, group: Sequence[Waiting]) -> None:
        waits = [wait for waiting in group if (wait := self._waits.get(waiting.job))]
        if not waits:
            # The task was begun in the context of whoever came last, and that may be another's request.
            attach(Context())
            await super()._run_group(number, line, group)
            return
        span = self._tracer.start_span(
            "group",
            context=set_span_in_context(waits[0].request, Context()),
            links=[Link(wait.request.get_span_context()) for wait in waits],
            attributes={
                "dues.cell": number,
                "dues.group.size": len(group),
                "dues.group.tenants": len({waiting.job.tenant for waiting in group}),
                "dues.group.commands": sorted({waiting.job.name for waiting in group}),
            },
        )
        token = attach(set_span_in_context(span, Context()))
        for wait in waits:
            wait.end(span.get_span_context())
        try:
            await super()._run_group(number, line, group)
        finally:
            detach(token)
            span.end()

    def _take_care(self, jobs: Sequence[Job]) -> None:
        get_current_span().add_event("conflict")
        super()._take_care(jobs)
