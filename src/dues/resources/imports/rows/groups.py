"""Rows of a file that are carried out together: from what stands in them to commands, and from answers to verdicts."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from dues.commands.job import Job as CommandJob
from dues.db.database import Database
from dues.domain.closings import Permit
from dues.domain.files.records import Record
from dues.domain.files.rows import Identity, ReadRow
from dues.domain.files.verdicts import Fault
from dues.domain.refusals import Refusal
from dues.jobs.store import Job
from dues.resources.imports.check import cells_of, identity_row, records_from
from dues.resources.imports.input import ImportInput
from dues.resources.imports.rows.outcomes import CONFLICTS, Row, RowShown, fault_of_refusal
from dues.resources.imports.rows.take import command_of
from dues.resources.imports.store import Judged, WaitingRow, Window
from dues.work.group_commit import Failed
from dues.work.work import Request


class Reader:
    """Reads the records of a file in order, for groups of which most rows may need no reading."""

    def __init__(self, database: Database, wanted: ImportInput) -> None:
        self._database, self._wanted = database, wanted
        self._records: AsyncGenerator[Record, None] | None = None
        self._line = 0

    async def records(self, job: Job, to: int) -> dict[int, Record]:
        """Those behind the job's position up to a line."""
        if self._records is None or self._line != job.position:
            await self.close()
            self._records = records_from(self._database, job, self._wanted, job.position, job.read_to)
        found: dict[int, Record] = {}
        async for record in self._records:
            found[record.line] = record
            if record.line >= to:
                break
        self._line = to
        return found

    async def close(self) -> None:
        """Nothing more is read here."""
        if self._records is not None:
            await self._records.aclose()
            self._records = None


class RowGroup:
    """Rows that are carried out together."""

    def __init__(self, job: Job, wanted: ImportInput, window: Window, reader: Reader) -> None:
        self.job, self.wanted, self.window = job, wanted, window
        self.waiting: Sequence[WaitingRow] = ()
        self.suspects: set[int] | None = None
        """Rows that cannot be carried out, once that was looked for."""
        self._reader = reader
        self._read: dict[int, ReadRow | list[Fault]] | None = None
        self._rows: list[WaitingRow] = []
        self._identities: list[Identity | None] = []
        self._warnings: list[Sequence[Fault]] = []

    async def read(self) -> None:
        """Reads what stands in all its rows."""
        records = await self._reader.records(self.job, self.window.line)
        self._read = {line: self._what_stands_in(record) for line, record in records.items()}

    async def jobs(self, waiting: Sequence[WaitingRow]) -> tuple[list[CommandJob], list[Judged]]:
        """What is to be carried out of rows, and the verdicts of those that are no good by themselves."""
        if waiting and self._read is None:
            lines = {row.line for row in waiting}
            records = await self._reader.records(self.job, self.window.line)
            self._read = {line: self._what_stands_in(record) for line, record in records.items() if line in lines}
        jobs: list[CommandJob] = []
        judged: list[Judged] = []
        self._rows, self._identities, self._warnings = [], [], []
        for row in waiting:
            if self.suspects and row.line in self.suspects:
                fault = Fault("internal_error", "", "Something went wrong here with this row; nothing of it was done.")
                judged.append(Judged(row.line, "rejected", [fault]))
                continue
            assert self._read is not None
            read = self._read[row.line]
            if isinstance(read, list):
                judged.append(Judged(row.line, "rejected", read))
                continue
            asked = Row(read.wanted, self.wanted.as_of, row.object_id)
            jobs.append(CommandJob(command_of(asked), self._request(asked)))
            self._rows.append(row)
            self._identities.append(read.identity)
            self._warnings.append(read.warnings)
        return jobs, judged

    def _what_stands_in(self, record: Record) -> ReadRow | list[Fault]:
        cells = cells_of(record, self.wanted)
        return [cells] if isinstance(cells, Fault) else self.wanted.file_kind.read(cells, self.wanted.settings)

    def _request(self, row: Row) -> Request[Row]:
        # The entries and events that it causes say which import that was.
        reason = self.wanted.closed_period_reason
        return Request(
            tenant=self.job.tenant,
            request_id=self.job.id,
            body=row,
            actor=self.job.actor,
            time_zone=self.wanted.time_zone,
            permit=Permit(reason is not None, reason),
        )

    def judge(self, answers: Sequence[Any]) -> list[Judged]:
        """The verdicts of what was carried out."""
        return [
            _judged(row, answer, warnings)
            for row, answer, warnings in zip(self._rows, answers, self._warnings, strict=True)
        ]

    def imported(self, judged: Sequence[Judged]) -> list[tuple[object, ...]]:
        """What the keys of good rows stand for from here on."""
        objects = {one.line: one.object_id for one in judged if one.verdict not in ("rejected", "conflict")}
        return [
            (self.job.tenant.id, self.wanted.namespace, row.key, row.digest, objects[row.line] or "")
            for row in self._rows
            if row.line in objects
        ]

    def identities(self, answers: Sequence[Any], key: bytes) -> list[tuple[object, ...]]:
        """By what the people of good rows are recognised again; the last row of each says it."""
        rows = {
            answer.customer_id: identity_row(self.job, answer.customer_id, identity, key)
            for answer, identity in zip(answers, self._identities, strict=True)
            if isinstance(answer, RowShown) and answer.customer_id and identity
        }
        return list(rows.values())


def _judged(row: WaitingRow, answer: Any, warnings: Sequence[Fault]) -> Judged:
    match answer:
        case RowShown(verdict=verdict, faults=faults, id=object_id):
            return Judged(row.line, verdict, [*warnings, *faults], object_id or None)
        case Refusal(code=code):
            return Judged(row.line, "conflict" if code in CONFLICTS else "rejected", [fault_of_refusal(answer)])
        case Failed():
            fault = Fault("internal_error", "", "Something went wrong here with this row; nothing of it was done.")
            return Judged(row.line, "rejected", [fault])
        case _:
            raise AssertionError(f"no row is answered with {answer}")


def counted(job: Job, rows: int, unchanged: int, waiting: int, judged: Sequence[Judged]) -> dict[str, int]:
    """How many rows have which verdict by now; `warned` are good ones of which something is to be known."""
    counts = dict(job.counts)

    def add(name: str, number: int) -> None:
        if number:
            counts[name] = counts.get(name, 0) + number

    add("unchanged", unchanged)
    add("rejected", rows - unchanged - waiting)
    for one in judged:
        add(one.verdict, 1)
        add("warned", bool(one.faults) and one.verdict not in ("rejected", "conflict"))
    return counts
