"""What an import was asked for, kept with it."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from dues.domain.files.kinds import kind_named
from dues.domain.files.rows import FileKind, FileKindName, FileSettings
from dues.domain.files.text import Encoding
from dues.jobs.store import Job

Apply = Literal["rows", "all_or_nothing"]


class ImportInput(Struct, frozen=True, kw_only=True):
    """What was asked for; and, once the first line was read, what that says.

    `header_line` is its number, and `header_ends_at` the byte at which the first row begins.
    """

    kind: FileKindName
    file_name: str
    as_of: datetime | None = None
    dry_run: bool = False
    apply: Apply = "rows"
    again: bool = False
    encoding: Encoding = "utf-8"
    closed_period_reason: str | None = None
    settings: FileSettings = FileSettings()
    time_zone: str = "UTC"
    delimiter: str = ","
    header: tuple[str, ...] = ()
    header_line: int = 1
    header_ends_at: int = 0
    was_tried: bool = False
    """Whether it was a dry run before."""

    @property
    def file_kind(self) -> FileKind:
        """How its rows are read."""
        return kind_named(self.kind)

    @property
    def namespace(self) -> str:
        """Of what its keys are keys: the full and the daily file mean the same objects."""
        return f"moment/{self.settings.model}" if self.kind in ("moment_full", "moment_daily") else self.kind


def input_of(job: Job) -> ImportInput:
    """What an import was asked for."""
    return msgspec.json.decode(job.input, type=ImportInput)
