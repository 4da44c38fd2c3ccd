"""Every statement that the program can send, by name; and what of tenants' data each reads or changes."""

import itertools
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import dues
from dues.commands import ledger
from dues.commands.kind import Kind
from dues.db.citus import in_its_cell
from dues.db.migrate import schema
from dues.lists.listing import Listing
from dues.lists.ordered import section_statement
from dues.lists.pages import list_statement
from dues.work.questions import Part, reading

VERBS = ("select", "insert", "update", "delete", "with")

FILTERS_MAX = 2
PAIRS_MAX = 2
"""Of lists, every combination of so many filters is looked at, with so many pairs of metadata: a statement is put
together filter by filter."""


@cache
def modules() -> list[ModuleType]:
    """Every module of the program."""
    names = [one.name for one in pkgutil.walk_packages(dues.__path__, "dues.")]
    return [import_module(name) for name in names if not name.endswith("__main__")]


@cache
def statements() -> dict[str, str]:
    """Name to text: constants, what kinds and lists make, and all parts of the statement that groups read with."""
    found = {name: value for name, value in _values() if isinstance(value, str) and _is_statement(name, value)}
    for kind in _unique(Kind):
        found |= {f"{kind.noun}.insert": kind.insert}
        found |= {f"{kind.noun}.save {len(saving.columns)}": saving.statement for saving in kind.savings}
        found |= {f"{kind.noun}.lock": kind.lock} if kind.savings else {}
        found |= {f"{kind.noun}.below": kind.listed_below} if kind.belongs_by else {}
    found |= {f"part {part.name}": reading((part,)) for part in parts()}
    for listing in _unique(Listing):
        found |= dict(_lists(listing))
    on_nodes = {f"{name} on a node": in_its_cell(statement) for name, statement in found.items()}
    return found | {name: text for name, text in on_nodes.items() if text not in found.values()}


def statements_of_the_schema() -> dict[str, str]:
    """Those that need nothing but the schema: not what a database has where it is spread over nodes."""
    return {name: text for name, text in statements().items() if not re.search(r"\bcells home\b|\bpg_dist_", text)}


def parts() -> list[Part]:
    """All pieces of the reading statement."""
    of_kinds = [
        part
        for kind in _unique(Kind)
        for by_id in (True, False)
        for part in (
            kind.part(by_id=by_id, ends=False),
            kind.part(by_id=by_id, ends=True),
            kind.existence(by_id=by_id),
            ledger.adjustments(kind, by_id),
            ledger.payments(kind, by_id, True),
            ledger.payments(kind, by_id, False),
        )
    ]
    of_kinds += [kind.taken for kind in _unique(Kind)]
    return [*of_kinds, *_unique(Part)]


def _values() -> Iterator[tuple[str, Any]]:
    """Every value of a module, and of its tables, by name."""
    for module in modules():
        for name, value in vars(module).items():
            yield f"{module.__name__}.{name}", value
            if isinstance(value, dict):
                yield from ((f"{module.__name__}.{name}[{key}]", one) for key, one in value.items())


def _is_statement(name: str, value: str) -> bool:
    table, _, key = name.partition("[")
    if key and not key[:-1].isupper():
        return table.rpartition(".")[2].isupper() and "where t.cell = $1" in value
    return name.rpartition(".")[2].isupper() and value.strip().lower().startswith(VERBS)


def _unique(shape: type[Any]) -> list[Any]:
    return list({id(value): value for _, value in _values() if isinstance(value, shape)}.values())


def _lists(listing: Listing) -> Iterator[tuple[str, str]]:
    options = [(name, by) for name in listing.names for by in ([False, True] if name in listing.named else [False])]
    for count, pairs in itertools.product(range(FILTERS_MAX + 1), range(PAIRS_MAX + 1)):
        for chosen in itertools.combinations(options, count):
            if len(dict(chosen)) == count:
                yield f"list {listing.name} {chosen} {pairs}", list_statement(listing, chosen, pairs)
    either = list_statement(listing, (), 1, ascending=True, bounded=True)
    yield f"list {listing.name} oldest first, up to a time", either
    every = [(f"order {name}", order.keys, order.owners) for name, order in listing.orders.items()]
    every += [(f"search {sought.key.column}", (sought.key,), ()) for sought in listing.sought]
    unless = tuple(sought.key for sought in listing.sought)
    for says, keys, owners in every:
        divisions = [(name, False) for name in listing.divided]
        for owner in [None, *((name, by) for name in owners for by in (False, True))]:
            for count in range(len(divisions) + 1):
                for some in itertools.combinations(divisions, count):
                    chosen = (*([owner] if owner else []), *some)
                    yield f"list {listing.name} {says} {chosen}", section_statement(listing, keys, chosen, unless)


# What a statement touches -----------------------------------------------------------------------------------------


@cache
def tables() -> frozenset[str]:
    """The tables of tenants' data: those that have a cell, but for the one that says which."""
    found = re.findall(r"create table (\w+) \((.*?)\n\);", schema(), re.DOTALL)
    return frozenset(name for name, columns in found if re.search(r"^ *cell ", columns, re.MULTILINE)) - {"tenants"}


@dataclass(frozen=True)
class Block:
    """One level of a statement, without what stands in parentheses within it."""

    text: str

    def strays(self) -> Iterator[str]:
        """The tables of tenants' data that it reads, changes or writes without saying that it is in the cell $1."""
        named = rf"\b({'|'.join(sorted(tables()))})\b(?: +(?:as +)?(?!{_NO_ALIAS})(\w+))?"
        inserts = re.findall(rf"\binsert into {named}\s*\((\d+)\)\s*(?:select|values)\s*(\S*)", self.text)
        for table, _, columns, first in inserts:
            if columns_of(columns)[:1] != ["cell"] or not self._begins_with_cell(first):
                yield f"insert into {table}"
        for table, _ in re.findall(rf"\binsert into {named}", self.text)[len(inserts) :]:
            yield f"insert into {table} in another form"
        read = re.findall(rf"(?:\bfrom|\bjoin|\bupdate|\busing|,)\s+{named}", self.text)
        for table, alias in read:
            own = re.search(rf"\b{alias or table}\.cell = \$1\b", self.text)
            bare = len(read) == 1 and re.search(r"(?<![.\w])cell = \$1(?!\d)", self.text)
            if not own and not bare:
                yield f"{table} {alias}".strip()

    def _begins_with_cell(self, first: str) -> bool:
        inside = re.match(r"\((\d+)\)", first)
        told = _inside[int(inside[1])] if inside else first
        at_home = told.startswith("home.cell") and re.search(r"\bfrom cells home\b.*\bhome\.cell = \$1\b", self.text)
        return bool(at_home or re.match(r"\$1(?!\d)", told.strip()))


_NO_ALIAS = r"(?:where|set|on|order|group|cross|left|join|union|limit|for|using|select|values|returning|having|do)\b"

_inside: list[str] = []
"""What stands in parentheses, by number."""


def columns_of(number: str) -> list[str]:
    """The names in the parentheses of this number."""
    return [name.strip() for name in _inside[int(number)].split(",")]


def blocks(statement: str) -> Iterator[Block]:
    """Every level of a statement, and each side of a union for itself. Parentheses are replaced by their numbers."""
    text = re.sub(r"--[^\n]*", "", re.sub(r"'[^']*'", "''", statement))
    while found := re.search(r"\(([^()]*)\)", text):
        _inside.append(found[1])
        yield from _sides(found[1])
        text = f"{text[: found.start()]}\0{len(_inside) - 1}\1{text[found.end() :]}"
    yield from _sides(text)


def _sides(text: str) -> Iterable[Block]:
    plain = re.sub("\0(\\d+)\1", r"(\1)", text)
    return [Block(" ".join(side.split())) for side in re.split(r"\bunion(?: all)?\b", plain)]


def strays(statement: str) -> list[str]:
    """What a statement touches of tenants' data without saying that it is in the cell $1."""
    return [stray for block in blocks(statement) for stray in block.strays()]


# Where a statement is carried out ---------------------------------------------------------------------------------

CELL, EVERY_CELL, DIRECTORY, SERVER = "one cell", "each cell in turn", "the directory", "the server"

IN_TURN = (
    "dues.books.",
    "dues.events.retention.store.DELETE_OLD_EVENTS",
    "dues.idempotency.store.DELETE_EXPIRED",
    "dues.ledger.store.FIND_UNPROVEN_BALANCES",
    "dues.resources.bills.overdue.",
    "dues.resources.checkouts.store.TAKE_CHECKOUTS_TO_ASK_FOR",
    "dues.tenants.spending.store.DELETE_OLD_SPENDINGS",
    "dues.webhooks.leases.store.ANY_ENABLED",
    "dues.webhooks.leases.store.LOCK_ENDPOINTS_WITH_WORK",
    "dues.webhooks.leases.store.SAVE_LEASES",
    "dues.webhooks.retention.",
    "dues.webhooks.secrets.",
)
"""What goes through all tenants, and so from one cell to the next: how such statements are called."""

WITHOUT_A_TABLE = {"dues.events.retention.store.DELETE_OLD_EVENTS"}
"""Statements that call a function of the schema, whose first argument is the cell."""


def class_of(name: str, statement: str) -> str:
    """Where a statement is carried out, if the database is spread over nodes."""
    text = re.sub(r"'[^']*'", "''", statement)
    named = set(re.findall(r"\w+", text))
    if named & (tables() | {"cells"}) or name in WITHOUT_A_TABLE:
        assert name in WITHOUT_A_TABLE or not strays(statement), f"{name} is of no cell"
        return EVERY_CELL if name.startswith(IN_TURN) else CELL
    return DIRECTORY if named & {"merchants", "tenants", "api_keys"} else SERVER
