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
    """Whether there is an object that is called so. `makes`: one of that reference is going to be made."""

    kind: Kind[Any]
    name: str
    makes: bool = False

    @property
    def part(self) -> Part:
        return self.kind.existence(by_id=self.name.startswith(self.kind.prefix))

    @property
    def values(self) -> tuple[object, ...]:
        return (self.name,)

    @property
    def claim(self) -> Claim | None:
        return (self.kind.noun, self.name) if self.makes else None

    def learn(self, known: Answers, tenant_id: int, answer: Any) -> None:
        assert isinstance(known, Known)
        known.ids[tenant_id, self.kind.noun, self.name] = answer
