"""Questions: what is to be read before a request can be decided. Those of a whole group go in one statement.

Each question is answered by a piece of that statement, its `Part`, which answers all questions of its sort at once:

    select (select json_agg(…) from unnest($2, $3) as asked(tenant_id, name, position) join accounts t on …),
           (select json_agg(…) from unnest($4, $5) as asked(…) join idempotency_keys k on …)
"""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from dues.db.arrays import array, parameter
from dues.work.work import Claim


class Part(Struct, frozen=True, eq=False):
    """A piece of a reading statement. `asked` has its parameters: name to type, beside the tenant's id.

    `source` joins what is asked for, which is called `asked`; `value` is the JSON of one answer, of the type `shape`.
    """

    name: str
    asked: dict[str, str]
    source: str
    value: str
    shape: Any

    def arrays(self, asked: Iterable[tuple[object, ...]]) -> Iterator[object]:
        """Its parameters, of what is asked: the tenant's id and the values of each question."""
        return map(array, zip(*asked, strict=True), ("integer", *self.asked.values()))

    @property
    def decoder(self) -> "msgspec.json.Decoder[list[tuple[int, Any]]]":
        """Reads its answers: each with the position of its question, from 1."""
        return _decoder(self)

    def sql(self, first: int) -> str:
        """The subquery, its parameters numbered from `first` on."""
        types = ("integer", *self.asked.values())
        arrays = ", ".join(parameter(number, kind) for number, kind in enumerate(types, first))
        names = ", ".join(("tenant_id", *self.asked, "position"))
        return f"""(
select json_agg(json_build_array(asked.position, {self.value}))
  from unnest({arrays}) with ordinality as asked({names})
{self.source}
)"""


@cache
def _decoder(part: Part) -> "msgspec.json.Decoder[list[tuple[int, Any]]]":
    return msgspec.json.Decoder(list[tuple[int, part.shape]])  # type: ignore[name-defined]


@lru_cache(maxsize=1024)
def reading(parts: tuple[Part, ...]) -> str:
    """The statement that answers all `parts`, on the cell $1."""
    pieces, first = [], 2
    for part in parts:
        pieces.append(part.sql(first))
        first += 1 + len(part.asked)
    return f"select {', '.join(pieces)}"


class Answers(Protocol):
    """Where answers are kept."""

    other: dict[tuple[int, "Question"], Any]
    """By tenant and question."""


class Question(Struct, frozen=True):
    """Something to be known of one tenant."""

    @property
    def part(self) -> Part:
        """What answers it."""
        raise NotImplementedError

    @property
    def values(self) -> tuple[object, ...]:
        """Its parameters, in the part's order."""
        raise NotImplementedError

    @property
    def claim(self) -> Claim | None:
        """What of the tenant only one group at a time may touch, where the request is going to make or change it."""
        return None

    def learn(self, known: "Answers", tenant_id: int, answer: Any) -> None:
        """Keeps the answer, None where there is none."""
        known.other[tenant_id, self] = answer
