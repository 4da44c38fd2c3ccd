"""The questions that every kind of object is asked by: what is called so, and whether there is such a thing."""

from typing import Any

from dues.commands.kind import Kind
from dues.commands.known import Known
from dues.work.questions import Answers, Part, Question
from dues.work.work import Claim


class Named(Question, frozen=True):
    """The object that is called so, by its id or reference; to be changed (so with the ends of its ledger and of its
    events), or only looked at."""

    kind: Kind[Any]
    name: str
    changes: bool = False

    @property
    def part(self) -> Part:
        return self.kind.part(by_id=self.name.startswith(self.kind.prefix), ends=self.changes)

    @property
    def values(self) -> tuple[object, ...]:
        return (self.name,)

    @property
    def claim(self) -> Claim | None:
        return (self.kind.noun, self.name) if self.changes else None

    def learn(self, known: Answers, tenant_id: int, answer: Any) -> None:
        assert isinstance(known, Known)
        known.ids[tenant_id, self.kind.noun, self.name] = answer and answer.of.id
        if answer:
            known.remember(tenant_id, answer)


class Exists(Question, frozen=True):
    """Whether there is an object that is called so."""

    kind: Kind[Any]
    name: str

    @property
    def part(self) -> Part:
        return self.kind.existence(by_id=self.name.startswith(self.kind.prefix))

    @property
    def values(self) -> tuple[object, ...]:
        return (self.name,)

    def learn(self, known: Answers, tenant_id: int, answer: Any) -> None:
        assert isinstance(known, Known)
        known.ids[tenant_id, self.kind.noun, self.name] = answer


class Makes(Question, frozen=True):
    """What has the reference already that something new is to have. Mostly nothing has, and nothing is read."""

    kind: Kind[Any]
    name: str

    @property
    def part(self) -> Part:
        return self.kind.taken

    @property
    def values(self) -> tuple[object, ...]:
        return (self.name,)

    @property
    def claim(self) -> Claim | None:
        return self.kind.noun, self.name

    def learn(self, known: Answers, tenant_id: int, answer: Any) -> None:
        assert isinstance(known, Known)
        known.ids[tenant_id, self.kind.noun, self.name] = answer and answer.record.of.id
        # Not among the records: it is not going to be changed, so the ends of its ledger and its events are not here.
        known.taken[tenant_id, self.kind.noun, self.name] = answer
