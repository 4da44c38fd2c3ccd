"""A dry run: rows are decided on by the commands that would carry them out, on what those before would have left."""

from collections.abc import Sequence
from typing import Any, Final

from dues.commands.carry_out import Group
from dues.commands.job import Job
from dues.commands.known import Known
from dues.domain.accounts import Account
from dues.domain.bills import Bill
from dues.domain.customers import Customer
from dues.domain.files.rows import FileKindName
from dues.domain.payments import Payment
from dues.resources.kinds import KINDS
from dues.work.work import Work

_NAMED_AGAIN: Final[dict[FileKindName, tuple[type, ...]]] = {
    "moment_full": (Customer,),
    "moment_daily": (Customer,),
    "accounts": (Customer,),
    "bills": (Customer, Account),
    "payments": (Customer, Account, Bill),
    "adjustments": (Customer, Account),
    "credits": (Bill, Payment),
}
"""What a later row of a file may name that an earlier one has made or changed. A row's own object no other row has:
rows with the same key are refused. So what is kept grows with what rows share, and not with the file."""

Name = tuple[int, str, str]
"""Tenant, noun, and id or reference."""


class Tries:
    """What the rows so far would have left."""

    def __init__(self, kind: FileKindName) -> None:
        self._shapes = _NAMED_AGAIN.get(kind, ())
        self._known = Known(KINDS)
        self._known.ids = self._ids = _Ids()

    async def decide(self, group: Group, work: Work, jobs: Sequence[Job]) -> list[Any]:
        """What each row of a group would be answered."""
        known = self._known
        known.forget()
        known.records.update({key: written.after for key, written in known.written.items()})
        answers = await group.decide(work, known, jobs)
        for key, written in list(known.written.items()):
            if not isinstance(written.after.of, self._shapes):
                del known.written[key]
            elif written.before is None:
                of: Any = written.after.of
                for name in (of.id, of.external_reference):
                    self._ids.made[key[0], written.kind.noun, name] = of.id
        for done in (known.entries, known.events):
            done.clear()
        return answers


class _Ids(dict[Name, str | None]):
    """What names stand for: what is not there would have been made by a row before."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[Name, str] = {}

    def __setitem__(self, name: Name, object_id: str | None) -> None:
        super().__setitem__(name, object_id or self.made.get(name))
