"""Kinds: what every noun of the API needs, said once: how its objects are found, locked, written, shown and told of.

A Kind names its table and its struct; the statements follow from that. docs/reference/statements.md has them all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_type_hints

import msgspec
from msgspec import Struct, inspect

from dues.commands.columns import Column, arrays_of, cast_of, column_of, is_json, nothing, values_of
from dues.commands.saving import Saving
from dues.db.database import Database
from dues.db.transaction import Row as SelectedRow
from dues.domain.payment_rules import PaymentRules
from dues.domain.records import Change, Record, Taken
from dues.domain.tenants import Tenant
from dues.events.catalogue import EventType
from dues.work.questions import Part, reading

Object = TypeVar("Object")

Row = tuple[object, ...]


class Kind(Generic[Object]):
    """Objects of one kind, whose ids begin with `prefix`.

    `renamed` says which column a member of `shape` is, where its name is another; `computed` how members are read
    that are none. `show` gives what clients see of a record; `event_types` the events of a change of one, at least one.
    `often` names what changes of most that are saved, the rest being as it was.
    `rows_beside` gives what of an object goes to other tables, once it is made (from None) or changed. `found_while` is
    the condition on which a reference still names a row. Of what has no events, those of another object tell, which is
    changed with it. `belongs_by` is the column with the id of what objects are listed below.
    """

    def __init__(
        self,
        shape: type[Object],
        *,
        noun: str,
        prefix: str,
        table: str,
        saved: Sequence[str],
        often: Sequence[str] = (),
        show: Callable[[Record[Object]], Struct],
        event_types: Callable[[Change[Object]], Sequence[EventType]],
        renamed: Mapping[str, str] | None = None,
        computed: Mapping[str, str] | None = None,
        more_columns: Sequence[Column] = (),
        rows_beside: Callable[[int, Object | None, Object], Iterable[tuple[str, Row]]] = lambda tenant_id, old, new: (),
        found_while: str = "",
        belongs_by: str = "",
        has_balance: bool = True,
        has_ledger: bool = True,
        has_events: bool = True,
    ) -> None:
        self.noun, self.prefix, self.table, self.shape = noun, prefix, table, shape
        self.show, self.event_types, self.rows_beside = show, event_types, rows_beside
        self.has_balance, self.has_ledger, self.has_events = has_balance, has_ledger, has_events
        self._found_while, self.belongs_by = found_while, belongs_by
        self._renamed, self._computed = renamed or {}, computed or {}
        own = [column_of(field, self._renamed, saved) for field in self._info if field.name not in self._computed]
        self.columns = tuple(sorted((*own, *more_columns), key=lambda column: not column.member))
        saved_columns = [column for column in self.columns if column.saved]
        self._row = values_of(self.columns)
        self._all = Saving(table, saved_columns)
        self._often = Saving(table, [column for column in saved_columns if column.member in often]) if often else None
        self._seldom = attrgetter(*(name for name in saved if name not in often)) if often else None

    @property
    def _info(self) -> Sequence[inspect.Field]:
        info = inspect.type_info(self.shape)
        assert isinstance(info, inspect.StructType)
        return info.fields

    # Reading ----------------------------------------------------------------------------------------------------

    def record(self, *, ends: bool = False) -> str:
        """The JSON of a Record of a row, which is called `t`; with the ends of its ledger and events, or without."""
        members = [f"'{field.name}', {self._read(field.name)}" for field in self._info]
        parts = [f"'of', json_build_object({', '.join(members)})"]
        if self.has_balance:
            parts.append(f"'default_rules', {_DEFAULT_RULES.format(noun=self.noun)}")
        if ends:
            parts.append(f"'events', {_EVENTS}")
            parts.append(f"'head', {_HEAD if self.has_ledger else 'null'}")
        return f"json_build_object({', '.join(parts)})"

    def _read(self, member: str) -> str:
        return self._computed.get(member) or f"t.{self._renamed.get(member, member)}"

    @cached_property
    def selected(self) -> str:
        """What is selected of a row, which is called `t`, to be read by `of_row`: for many rows at once, columns cost
        less than JSON."""
        members = [f"{self._read(field.name)} as {field.name}" for field in self._info]
        if self.has_balance:
            members.append(f"{_DEFAULT_RULES.format(noun=self.noun)} as default_rules")
        return ", ".join(members)

    @cached_property
    def of_row(self) -> Callable[[SelectedRow], Record[Object]]:
        """Makes a record of what `selected` gives."""
        # Written out for each kind, as one would by hand: a loop over its members costs lists twice as much.
        types = get_type_hints(self.shape)
        known: dict[str, Any] = {"shape": self.shape, "record": Record, "rules": _decoder_of(PaymentRules)}
        members = []
        for field in self._info:
            if is_json(field.type):
                known[f"read_{field.name}"] = _decoder_of(types[field.name])
                members.append(f"{field.name}=read_{field.name}(row['{field.name}'])")
            else:
                members.append(f"{field.name}=row['{field.name}']")
        rules = ", rules(row['default_rules'])" if self.has_balance else ""
        source = f"lambda row: record(shape({', '.join(members)}){rules})"
        of_row: Callable[[SelectedRow], Record[Object]] = eval(source, known)  # noqa: S307 -- the names are ours
        return of_row

    def part(self, *, by_id: bool, ends: bool) -> Part:
        """Answers what object is called so."""
        return _part(self, by_id, ends)

    def existence(self, *, by_id: bool) -> Part:
        """Answers with the id of what is called so."""
        return _existence(self, by_id)

    @property
    def taken(self) -> Part:
        """Answers with what has a reference, and when it was made."""
        return _taken(self)

    def named(self, by_id: bool) -> str:
        """Joins the rows that are asked for by name."""
        column = "id" if by_id else "external_reference"
        only = f" and {self._found_while}" if self._found_while and not by_id else ""
        return (
            f"  join {self.table} t on t.cell = $1 and t.tenant_id = asked.tenant_id and t.{column} = asked.name{only}"
        )

    @cached_property
    def listed_below(self) -> str:
        """Selects the rows of the tenant $2 that belong to $3, newest first: those before the id $4, at most $5."""
        return f"""
select {self.selected}
  from {self.table} t
 where t.cell = $1 and t.tenant_id = $2 and t.{self.belongs_by} = $3 and t.id < $4
 order by t.id desc
 limit $5
"""

    @cached_property
    def lock(self) -> str:
        """Locks the rows with the tenants $2 and ids $3, in the order of both."""
        return f"""
select t.id
  from unnest($2::integer[], $3::text[]) as asked(tenant_id, name)
{self.named(by_id=True)}
 order by t.tenant_id, t.id
   for no key update of t
"""

    # Writing ----------------------------------------------------------------------------------------------------

    @cached_property
    def insert(self) -> str:
        """Writes new rows."""
        columns = [*self.columns, Column("created_at", "timestamptz", nothing, saved=False)]
        names = ", ".join(column.name for column in columns)
        return f"""
insert into {self.table} (cell, tenant_id, {names})
select $1::integer, tenant_id, {", ".join(map(cast_of, columns))}
  from unnest({arrays_of(columns)}) as new(tenant_id, {names})
"""

    def inserted(self, tenant_id: int, new: Object, created_at: object) -> Row:
        """The row of a new object."""
        return (tenant_id, *self._row(new), created_at)

    @property
    def savings(self) -> Sequence[Saving]:
        """The ways in which what was changed is saved; none, where nothing may change."""
        return [one for one in (self._all, self._often) if one and one.columns]

    def saving(self, changes: Iterable[tuple[Object, Object]]) -> Saving:
        """How objects are saved that were the first of a pair and are the second. It is one way for all, as rows are
        locked in one order then."""
        seldom = self._seldom
        if self._often and seldom and all(seldom(old) == seldom(new) for old, new in changes):
            return self._often
        return self._all


# The rules are a subquery: as a join, all of a tenant's may be read for the few that are shown.
_DEFAULT_RULES = """(
select r.payment_rules from default_payment_rules r
 where r.cell = $1 and r.tenant_id = t.tenant_id and r.kind = '{noun}' and r.currency = t.currency)"""

_EVENTS = """coalesce((
select e.sequence from events e where e.cell = $1 and e.tenant_id = t.tenant_id and e.object_id = t.id
 order by e.sequence desc limit 1), 0)"""

_HEAD = """coalesce((
select json_build_object('number', e.number, 'hash', encode(e.hash, 'base64'), 'balance', e.balance_after,
                         'created_at', e.created_at)
  from entries e where e.cell = $1 and e.tenant_id = t.tenant_id and e.owner_id = t.id
 order by e.number desc limit 1), '{}'::json)"""


@cache
def _part(kind: Kind[Any], by_id: bool, ends: bool) -> Part:
    name = f"{kind.table} by {'id' if by_id else 'reference'}{' with ends' if ends else ''}"
    return Part(name, {"name": "text"}, kind.named(by_id), kind.record(ends=ends), Record[kind.shape])  # type: ignore[name-defined]


@cache
def _existence(kind: Kind[Any], by_id: bool) -> Part:
    name = f"{kind.table} that exist by {'id' if by_id else 'reference'}"
    return Part(name, {"name": "text"}, kind.named(by_id), "t.id", str)


@cache
def _taken(kind: Kind[Any]) -> Part:
    value = f"json_build_object('record', {kind.record()}, 'created_at', t.created_at)"
    name = f"{kind.table} that have a reference"
    return Part(name, {"name": "text"}, kind.named(by_id=False), value, Taken[kind.shape])  # type: ignore[name-defined]


def _decoder_of(shape: Any) -> Callable[[str | None], Any]:
    decode = msgspec.json.Decoder(shape).decode
    return lambda text: None if text is None else decode(text)


async def find_id(database: Database, kind: Kind[Any], tenant: Tenant, name: str) -> str | None:
    """The id of the object that is called so."""
    part = kind.existence(by_id=name.startswith(kind.prefix))
    [row] = await database.rows(reading((part,)), tenant.cell, *part.arrays([(tenant.id, name)]))
    [answers] = row.values()
    return part.decoder.decode(answers)[0][1] if answers else None


def made_or_updated(made: EventType, updated: EventType) -> Callable[[Change[Any]], Sequence[EventType]]:
    """What is told of an object that is made, and of one that is changed."""
    return lambda change: (made,) if change.before is None else (updated,)
