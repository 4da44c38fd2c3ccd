"""Nouns of the API: what is offered of customers, accounts, bills and payments alike, said once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from dues.commands.command import Command
from dues.commands.kind import Kind, find_id
from dues.commands.shapes import adjust_balance_owner, look
from dues.db.transaction import Row
from dues.domain.adjustments import NewAdjustment
from dues.domain.refusals import Refusal, not_found
from dues.ledger.store import list_entries
from dues.ledger.wire import EntryBody, entry_body
from dues.lists.listing import Listing
from dues.lists.paging import PageBody, page_of, page_shape, place_of
from dues.lists.query import ListQuery
from dues.resources.operation import (
    Answers,
    Call,
    Changes,
    Creates,
    NoQuery,
    Operation,
    Pays,
    Shows,
    Tag,
    example_page,
    listing,
)

Bodies = Mapping[str, Mapping[str, Any]]

REPLACES_BALANCE: Final = (
    "A `balance` replaces the one there is, and the ledger records the difference; send `If-Match` "
    "with the `ETag` you saw, so that nothing that happened since is overwritten."
)

_LIST_OF_ENTRIES: Final = page_shape(
    EntryBody, "A page of ledger entries, newest first. `next_cursor` is there while `has_more`."
)

_ENTRY: Final = {
    "id": "ent_0Ue8xRf3vX6nJ1yQkBd8s",
    "kind": "adjustment",
    "currency": "ZAR",
    "amount": -500,
    "balance_after": 1500,
    "caused_by": {
        "request_id": "req_0Ue8xRf3uA5mH2zWjCg7t",
        "idempotency_key": "8f14e45f-ceea-467f-a8f5-7a5d3c2b1e90",
    },
    "created_at": "2026-01-05T08:30:00Z",
    "reason": "Late fee waived",
}


class Noun(Struct, frozen=True, kw_only=True):
    """What differs between nouns in what is offered of each."""

    kind: Kind[Any]
    tag: Tag
    body: type[Struct]
    example: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Of all of them."""
        return f"/billing/{self.kind.noun}s"

    @property
    def a_noun(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.kind.noun[0] in 'aeiou' else 'a'} {self.kind.noun}"

    def create(
        self, does: Creates | Pays, body: type[Struct], bodies: Bodies, *, problems: Sequence[str], **more: Any
    ) -> Operation:
        """POST of a new one."""
        return Operation(
            method="POST",
            path=self.path,
            does=does,
            id=f"create_{self.kind.noun}",
            tag=self.tag,
            body=body,
            bodies=bodies,
            status=201,
            answer=self.body,
            example=self.example,
            problems=problems,
            **more,
        )

    def list(self, of: Listing, query: type[ListQuery]) -> Operation:
        """GET of all that fit."""
        kind, nouns = self.kind, f"{self.kind.noun}s"

        def show(row: Row) -> Any:
            return kind.show(kind.of_row(row))

        return Operation(
            method="GET",
            path=self.path,
            does=listing(of, query, show),
            id=f"list_{nouns}",
            tag=self.tag,
            summary=f"List {nouns}",
            description=f"The {nouns} that fit every filter, newest first, and what was just created too.",
            query=query,
            answer=page_shape(self.body, f"A page of {nouns}, newest first. `next_cursor` is there while `has_more`."),
            example=example_page(self.example),
        )

    def retrieve(self, query: type[Struct] = NoQuery) -> Operation:
        """GET of one."""
        return self.one(
            "GET",
            "",
            Shows(look(self.kind)),
            id=f"retrieve_{self.kind.noun}",
            summary=f"Retrieve {self.a_noun}",
            description="By its id or by its external reference. What was answered with 201 is there at once.",
            query=query,
        )

    def update(
        self, command: Command, body: type[Struct], bodies: Bodies, description: str, *, problems: Sequence[str]
    ) -> Operation:
        """PATCH of one."""
        patches = "Only what is sent changes; `null` clears. Metadata merges: `null` deletes a key. "
        return self.one(
            "PATCH",
            "",
            Changes(command),
            id=f"update_{self.kind.noun}",
            summary=f"Update {self.a_noun}",
            description=patches + description,
            body=body,
            bodies=bodies,
            problems=problems,
        )

    def adjust(self) -> Operation:
        """POST of a change of its balance."""
        return self.one(
            "POST",
            "/adjustments",
            Changes(adjust_balance_owner(self.kind)),
            id=f"adjust_{self.kind.noun}",
            tag="Ledger",
            summary=f"Adjust the balance of {self.a_noun}",
            description="Changes the balance by a signed amount: positive makes it owe more. Safe beside any other "
            "change, where a `balance` in a PATCH overwrites.",
            body=NewAdjustment,
            bodies={"waive a fee": {"amount": -500, "reason": "Late fee waived"}},
            status=201,
            answer=EntryBody,
            example=_ENTRY,
            problems=("balance_not_tracked", "amount_out_of_range"),
            tagged=False,
        )

    def list_entries(self) -> Operation:
        """GET of the changes of its balance."""
        return self.one(
            "GET",
            "/entries",
            _entries_of(self.kind),
            id=f"list_{self.kind.noun}_entries",
            tag="Ledger",
            summary=f"List the entries of {self.a_noun}",
            description="Every change of its balance, newest first. Entries never change.",
            query=ListQuery,
            answer=_LIST_OF_ENTRIES,
            example=example_page(_ENTRY),
        )

    def one(self, method: Any, below: str, does: Any, *, problems: Sequence[str] = (), **more: Any) -> Operation:
        """An operation on one of them, which the path names, at a path `below` its own. It answers with the object."""
        noun = self.kind.noun
        told = {"tag": self.tag, "answer": self.body, "example": self.example} | more
        return Operation(
            method=method,
            path=f"{self.path}/{{{noun}}}{below}",
            does=does,
            named=f"The {noun}'s id (`{self.kind.prefix}…`) or external reference, percent-encoded: `INV/2024/001` is "
            "`INV%2F2024%2F001`.",
            problems=(f"{noun}_not_found", *problems),
            **told,
        )


def _entries_of(kind: Kind[Any]) -> Answers:
    async def entries(call: Call) -> PageBody | Refusal:
        owner_id = await find_id(call.database, kind, call.tenant, call.name)
        if owner_id is None:
            return not_found(kind.noun, call.name)
        list_name = f"entries of {owner_id}"
        place = place_of(call.query, call.tenant, list_name, "[1-9][0-9]{0,17}")
        before = int(place) if place else None
        found = await list_entries(call.database, call.tenant, owner_id, before, call.query.limit + 1)
        return page_of(call.query, call.tenant, list_name, [(str(one.number), entry_body(one)) for one in found])

    return Answers(entries)
