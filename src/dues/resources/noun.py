"""Nouns of the API: what is offered of customers, accounts, bills and payments alike, said once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from dues.commands.command import Command
from dues.commands.kind import Kind, find_id
from dues.commands.shapes import adjust_balance_owner
from dues.domain.adjustments import NewAdjustment
from dues.domain.records import Record
from dues.domain.refusals import Refusal, not_found
from dues.ledger.store import list_entries
from dues.ledger.wire import EntryBody, entry_body
from dues.lists.listing import Listing
from dues.lists.paging import PageBody, page_of, page_shape, place_of
from dues.lists.query import FindingQuery, ListQuery
from dues.resources.doing import Call, Changes, Creates, Doing, Lists, Pays, Shows
from dues.resources.exports.query import exported
from dues.resources.listed import Show, example_page, listing
from dues.resources.operation import NoQuery, Operation, Tag

Bodies = Mapping[str, Mapping[str, Any]]

_BY_ID_OR_REFERENCE: Final = "By its id or by its external reference. What was answered with 201 is there at once."

PATCHES: Final = "Only what is sent changes; `null` clears. Metadata merges: `null` deletes a key. "

REPLACES_BALANCE: Final = (
    PATCHES + "A `balance` replaces the one there is, and the ledger records the difference; send `If-Match` with the "
    "`ETag` you saw, so that nothing that happened since is overwritten; or `balance_as_of`, the time that the balance "
    "is of: payments and reversals that were recorded after it are kept on top. Without it, `Dues-Warning` says what "
    "payments are overwritten."
)

RULES: Final = {"min_amount": 100, "max_amount": 500000, "underpayment_allowed": True, "overpayment_allowed": False}
"""An example of payment rules."""

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
        "actor": "key_0Ue8xMd1pJ4rT9vLcQf6k",
    },
    "created_at": "2026-01-05T08:30:00Z",
    "reason": "Late fee waived",
}


class Noun(Struct, frozen=True, kw_only=True):
    """What differs between nouns in what is offered of each. `named` says how one is named in a path."""

    noun: str
    named: str
    tag: Tag
    body: type[Struct]
    example: Mapping[str, Any]
    below: str = "/billing"
    """Where their path begins."""

    @property
    def path(self) -> str:
        """Of all of them."""
        return f"{self.below}/{self.noun}s"

    @property
    def a_noun(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun.replace('_', ' ')}"

    @property
    def nouns(self) -> str:
        """All of them, to people."""
        return f"{self.noun.replace('_', ' ')}s"

    def create(self, does: Creates | Pays, body: type[Struct], bodies: Bodies, **more: Any) -> Operation:
        """POST of a new one."""
        return self._operation(
            "POST", self.path, does, id=f"create_{self.noun}", body=body, bodies=bodies, status=201, **more
        )

    def list(
        self,
        of: Listing,
        query: type[FindingQuery],
        show: Show,
        description: str | None = None,
        show_to_import: Show | None = None,
    ) -> Operation:
        """GET of all that fit."""
        fitting = (
            f"The {self.nouns} that fit every filter, and what was just created too. Newest first, unless a search, a "
            "range or `order` says otherwise. Whatever is asked for is read off an index, at the first page as at the "
            "last; what no index has together is refused."
        )
        return self.list_as(listing(of, query, self.body, show, show_to_import), query, description or fitting)

    def list_as(self, does: Lists, query: type[FindingQuery], description: str) -> Operation:
        """GET of all that fit, by a function."""
        return self._operation(
            "GET",
            self.path,
            does,
            id=f"list_{self.noun}s",
            summary=f"List {self.nouns}",
            description=description,
            query=query,
            answer=page_shape(self.body, f"A page of {self.nouns}. `next_cursor` is there while `has_more`."),
            example=example_page(self.example),
        )

    def retrieve(
        self, command: Command, query: type[Struct] = NoQuery, description: str = _BY_ID_OR_REFERENCE
    ) -> Operation:
        """GET of one."""
        declared: dict[str, Any] = {"summary": f"Retrieve {self.a_noun}", "description": description, "query": query}
        return self.one("GET", "", Shows(command), id=f"retrieve_{self.noun}", **declared)

    def update(self, command: Doing, body: type[Struct], bodies: Bodies, **more: Any) -> Operation:
        """PATCH of one."""
        declared: dict[str, Any] = {"summary": f"Update {self.a_noun}", "body": body, "bodies": bodies}
        return self.one("PATCH", "", Changes(command), id=f"update_{self.noun}", **declared, **more)

    def adjust(self, kind: Kind[Any]) -> Operation:
        """POST of a change of its balance."""
        return self.one(
            "POST",
            "/adjustments",
            Changes(adjust_balance_owner(kind)),
            id=f"adjust_{self.noun}",
            tag="Ledger",
            summary=f"Adjust the balance of {self.a_noun}",
            description="Changes the balance by a signed amount: positive makes it owe more. Safe beside any other "
            "change, where a `balance` in a PATCH overwrites. With an `external_reference` it is made once, whatever "
            "the `Idempotency-Key`: the same again is refused, with the first one's id.",
            body=NewAdjustment,
            bodies={
                "waive a fee": {"amount": -500, "reason": "Late fee waived"},
                "charge a fee once": {"amount": 5000, "reason": "November fee", "external_reference": "FEE-2026-11"},
            },
            status=201,
            answer=EntryBody,
            example=_ENTRY,
            problems=("balance_not_tracked", "amount_out_of_range", "external_reference_taken"),
            tagged=False,
            moves_money=True,
        )

    def list_entries(
        self, kind: Kind[Any], of: str = "its balance", example: Mapping[str, Any] | None = None
    ) -> Operation:
        """GET of the changes `of` it."""
        return self.one(
            "GET",
            "/entries",
            _entries_of(kind),
            id=f"list_{self.noun}_entries",
            tag="Ledger",
            summary=f"List the entries of {self.a_noun}",
            description=f"Every change of {of}, newest first. Entries never change.",
            query=ListQuery,
            answer=_LIST_OF_ENTRIES,
            example=example_page({**_ENTRY, **(example or {})}),
        )

    def one(self, method: Any, below: str, does: Any, *, problems: Sequence[str] = (), **more: Any) -> Operation:
        """An operation on one of them, which the path names, at a path `below` its own."""
        path, missing = f"{self.path}/{{{self.noun}}}{below}", f"{self.noun}_not_found"
        names = self.example.get("external_reference", "")
        declared = {"named": self.named, "names": names, "problems": (missing, *problems)} | more
        return self._operation(method, path, does, **declared)

    def _operation(self, method: Any, path: str, does: Any, **more: Any) -> Operation:
        """It answers with the object, unless something else is said."""
        declared = {"tag": self.tag, "answer": self.body, "example": self.example} | more
        if isinstance(does, Lists):
            declared["query"] = exported(declared["query"])
        return Operation(method=method, path=path, does=does, **declared)


def noun_of(kind: Kind[Any], tag: Tag, body: type[Struct], example: Mapping[str, Any]) -> Noun:
    """The noun of a kind, whose objects have references."""
    named = f"The {kind.noun}'s id (`{kind.prefix}…`) or external reference, percent-encoded: "
    named += "`INV/2024/001` is `INV%2F2024%2F001`."
    return Noun(noun=kind.noun, named=named, tag=tag, body=body, example=example)


def shown(kind: Kind[Any]) -> Show:
    """Shows a row of a list of such objects."""
    show, of_row = kind.show, kind.of_row
    return lambda row: show(of_row(row))


def kept(kind: Kind[Any]) -> Show:
    """Shows a row of a list of such objects with the rules that are its own, as they would be sent."""
    show, of_row = kind.show, kind.of_row
    return lambda row: show(Record(of_row(row).of))


def listed_below(owner: Kind[Any], kind: Kind[Any], body: type[Struct]) -> Lists:
    """Gives pages of what belongs to one object, newest first, each shown as a `body`."""
    show = shown(kind)

    async def page(call: Call) -> PageBody | Refusal:
        owner_id = await find_id(call.database, owner, call.tenant, call.name)
        if owner_id is None:
            return not_found(owner.noun, call.name)
        list_name = f"{kind.noun}s of {owner_id}"
        after = place_of(call.query, call.tenant, list_name, f"{kind.prefix}[0-9A-Za-z]+") or f"{kind.prefix}~"
        rows = await call.database.rows(kind.listed_below, *call.tenant, owner_id, after, call.query.limit + 1)
        bodies = [show(row) for row in rows]
        return page_of(call.query, call.tenant, list_name, [(body.id, body) for body in bodies])

    return Lists(page, body, kind.table)


def _entries_of(kind: Kind[Any]) -> Lists:
    async def entries(call: Call) -> PageBody | Refusal:
        owner_id = await find_id(call.database, kind, call.tenant, call.name)
        if owner_id is None:
            return not_found(kind.noun, call.name)
        list_name = f"entries of {owner_id}"
        place = place_of(call.query, call.tenant, list_name, "[1-9][0-9]{0,17}")
        before = int(place) if place else None
        found = await list_entries(call.database, call.tenant, owner_id, before, call.query.limit + 1)
        return page_of(call.query, call.tenant, list_name, [(str(one.number), entry_body(one)) for one in found])

    return Lists(entries, EntryBody)
