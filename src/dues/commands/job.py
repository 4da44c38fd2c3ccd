"""A job: one request on its way through a command, and what its client is to be told of the outcome."""

from collections.abc import Callable
from typing import Any, Final

from dues.commands.command import Command, Procedure, Shown
from dues.domain.refusals import Refusal
from dues.idempotency.answers import Answer
from dues.idempotency.store import StoredUnder
from dues.tenants.closed.store import CLOSED_DAYS
from dues.tenants.spending.store import SpentBy
from dues.work.questions import Question
from dues.work.work import Claim, Request

Render = Callable[[Request[Any], Shown | Refusal], Answer]
"""From what a command decided to what the client is told, byte for byte."""


class Job:
    """A request and its command. Without `render` it is answered with what was decided, and nothing is stored.

    `claims` name what it is going to make or change, and its key.
    """

    __slots__ = (
        "claims",
        "command",
        "is_dated",
        "questions",
        "render",
        "request",
        "spent_by",
        "stored_under",
        "tenant",
    )

    def __init__(self, command: Command | Procedure, request: Request[Any], render: Render | None = None) -> None:
        self.command: Final = command
        self.request: Final = request
        self.render: Final = render
        self.tenant: Final = request.tenant
        self.stored_under = StoredUnder(request.idempotency_key) if request.idempotency_key else None
        asked: tuple[Question, ...] = ()
        if isinstance(command, Procedure):
            claims: list[Claim] = list(command.claims(request))
        else:
            asked = tuple(command.questions(request))
            claims = [claim for question in asked if (claim := question.claim)]
        self.is_dated: Final = CLOSED_DAYS in asked
        """Whether what it enters may be of days that are over."""
        limits = request.moving and request.moving.limits
        self.spent_by = SpentBy(limits.key_id) if limits and limits.max_per_day is not None else None
        if self.spent_by:
            asked += (self.spent_by,)
            if render:  # else it is a preview, and counts nothing
                claims.append(self.spent_by.claim)
        if self.stored_under:
            asked += (self.stored_under,)
            claims.append(self.stored_under)
        self.questions: Final = asked
        self.claims: Final = frozenset((self.tenant.id, claim) for claim in claims)

    @property
    def name(self) -> str:
        """What it is counted as."""
        return self.command.name

    @property
    def is_alone(self) -> bool:
        """Whether it must have a transaction of its own."""
        return isinstance(self.command, Procedure)

    @property
    def cost(self) -> int:
        """How many ordinary jobs it weighs."""
        if isinstance(self.command, Procedure) or self.command.cost is None:
            return 1
        return self.command.cost(self.request)
