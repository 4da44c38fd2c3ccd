"""Two tenants of a test's own, sequences carried out on them, and all that they come to, told in a form to compare.

Ids are drawn anew by each run, so they are told by the order in which they appear.
"""

import json
import re
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from dues.commands.carry_out import Group
from dues.commands.command import Command, Conditional, Look, Modify
from dues.commands.job import Job
from dues.commands.shapes import adjust_balance_owner, look, update_balance_owner
from dues.db.database import Database
from dues.db.errors import Conflict
from dues.domain.accounts import AccountChanges, NewAccount
from dues.domain.adjustments import NewAdjustment
from dues.domain.applications import NewApplications, Unapply
from dues.domain.bill_changes import BillChanges
from dues.domain.bills import NewBill
from dues.domain.credits import NewCredit, NewCreditReversal
from dues.domain.customers import CustomerChanges, NewCustomer
from dues.domain.entries import Entry, is_proven
from dues.domain.ids import new_id
from dues.domain.new_payments import NewPayment
from dues.domain.payment_rules import PaymentRules
from dues.domain.refunds import NewRefund
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal
from dues.domain.tenants import Tenant
from dues.http.problem_types import PROBLEM_TYPES
from dues.http.problems import problem_json
from dues.idempotency.answers import Answer
from dues.resources.accounts.create import CREATE_ACCOUNTS
from dues.resources.accounts.store import ACCOUNT
from dues.resources.bills.create import CREATE_BILLS
from dues.resources.bills.overdue.tell import TELL_OVERDUE, Overdue
from dues.resources.bills.store import BILL
from dues.resources.bills.update import UPDATE_BILLS, VOID_BILLS
from dues.resources.credits.create import CREDIT_BILLS, REVERSE_CREDITS
from dues.resources.customers.create import CREATE_CUSTOMERS
from dues.resources.customers.store import CUSTOMER
from dues.resources.kinds import KINDS
from dues.resources.payments.apply import APPLY_PAYMENTS, UNAPPLY_PAYMENTS
from dues.resources.payments.create import CREATE_PAYMENTS
from dues.resources.payments.preview import PREVIEW_PAYMENTS
from dues.resources.payments.reverse import REVERSE_PAYMENTS
from dues.resources.refunds.create import REFUND_PAYMENTS
from dues.tenants import store
from dues.work.group_commit import Failed, Later
from dues.work.work import Request, Work, clock_offsets_of
from tests.commands.steps import Name, Sequence, Step

NOW = datetime(2126, 1, 5, 8, 30, tzinfo=UTC)
"""Far ahead: a server that is there for other tests deletes stored answers that have expired."""

AHEAD_SECONDS = (0, 86_400)
"""How far each tenant's clock is ahead."""

DEFAULT = PaymentRules(1, 2**53 - 1, underpayment_allowed=True, overpayment_allowed=False)

COMMANDS: dict[str, tuple[Command, Any]] = {
    command.name: (command, shape)
    for command, shape in [
        (CREATE_CUSTOMERS, NewCustomer),
        (CREATE_ACCOUNTS, NewAccount),
        (CREATE_BILLS, NewBill),
        (CREATE_PAYMENTS, NewPayment),
        (PREVIEW_PAYMENTS, NewPayment),
        (REVERSE_PAYMENTS, NewReversal),
        (UPDATE_BILLS, BillChanges),
        (VOID_BILLS, None),
        (CREDIT_BILLS, NewCredit),
        (REVERSE_CREDITS, NewCreditReversal),
        (APPLY_PAYMENTS, NewApplications),
        (UNAPPLY_PAYMENTS, Unapply),
        (REFUND_PAYMENTS, NewRefund),
        (TELL_OVERDUE, Overdue),
        (update_balance_owner(CUSTOMER), CustomerChanges),
        (update_balance_owner(ACCOUNT), AccountChanges),
        (adjust_balance_owner(CUSTOMER), NewAdjustment),
        (adjust_balance_owner(ACCOUNT), NewAdjustment),
        (look(BILL), None),
        (look(CUSTOMER), None),
    ]
}

BARE = {"customers.create", "accounts.create", "bills.create", "bills.overdue"}
"""Commands that are given their body, and nothing beside it."""


class BoomError(Exception):
    """What only a defect of ours would raise."""


Known = dict[tuple[int, str, str], str]
"""The ids that clients can know: by tenant's number, noun and reference."""


@dataclass
class World:
    """Two tenants, and the sequence that is carried out on them."""

    database: Database
    tenants: list[Tenant]
    sequence: Sequence
    answers: dict[int, Any] = field(default_factory=dict)
    """By number of step, in the order in which they were decided. A failure is told as it was given."""

    async def carry_out(self, numbers: Several[int], by_id: set[tuple[int, Name]], *, cautious: bool) -> None:
        """Carries out a group; `by_id` says which names are ids, in which step."""
        known = await self.known()
        jobs = [self._job(number, by_id, known) for number in numbers]
        async with self.database.transaction(self.tenants[0].cell) as tx:
            work = Work(tx, NOW, clock_offsets_of(job.request for job in jobs), cautious)
            try:
                answers = await Group(KINDS, timedelta(hours=24)).carry_out(work, jobs)
            except Conflict:
                # Only for a refusal that rests on two reads; no conflict ever comes of what is written.
                assert not cautious
                assert any(isinstance(job.command, Command) and job.command.further for job in jobs)
                await self.carry_out(numbers, by_id, cautious=True)
                return
            await tx.commit()
        answered = dict(zip(numbers, answers, strict=True))
        late = [number for number, answer in answered.items() if _is_late(answer)]
        assert len(late) < len(numbers), "nothing was before them"
        self.answers |= {number: answer for number, answer in answered.items() if number not in late}
        if late:
            await self.carry_out(late, by_id, cautious=cautious)

    async def known(self) -> Known:
        """The ids of all that there is."""
        found: Known = {}
        for kind in KINDS.values():
            # Of payments with one reference, since one came again, the id of the first.
            query = (
                f"select id, tenant_id, external_reference from {kind.table}"
                " where cell = $1 and tenant_id = any($2) order by id desc"
            )
            rows = await self.database.rows(query, self.tenants[0].cell, [tenant.id for tenant in self.tenants])
            numbers = {tenant.id: number for number, tenant in enumerate(self.tenants)}
            found |= {(numbers[row["tenant_id"]], kind.noun, row["external_reference"]): row["id"] for row in rows}
        return found

    def _job(self, number: int, by_id: set[tuple[int, Name]], known: Known) -> Job:
        step = self.sequence.steps[number]

        def plain(value: Any) -> Any:
            if isinstance(value, Name):
                is_id = (number, value) in by_id
                return known[step.tenant, value.noun, value.reference] if is_id else value.reference
            if isinstance(value, dict):
                return {key: plain(inner) for key, inner in value.items()}
            return [plain(one) for one in value] if isinstance(value, list) else value

        command, shape = COMMANDS[step.command]
        body = msgspec.convert(plain(step.body), shape) if shape else None
        path = f"/{step.command}" + (f"/{step.name.reference}" if step.name else "")
        request = Request(
            tenant=self.tenants[step.tenant],
            request_id=f"req_{number}",
            body=_asked(step, body, plain(step.name), plain(step.below) or ""),
            clock_offset_seconds=AHEAD_SECONDS[step.tenant],
            idempotency_key=step.key,
            # By what the client meant, since ids are others in another run.
            fingerprint=sha256(repr((path, step.body, step.if_match, step.below)).encode()).digest(),
            method="POST",
            path=path,
        )
        if step.breaks == "decide":
            command = Command(command.name, command.questions, _break, command.further, command.cost)
        return Job(command, request, _break if step.breaks == "render" else _render)

    async def told(self, numbers: Several[int]) -> list[str]:
        """All that the tenants have come to, and what these steps were answered; a line for each fact."""
        lines = [f"{number}: {_told(self.answers[number])}" for number in numbers]
        for tenant in self.tenants:
            for table, order in TABLES.items():
                query = f"select to_jsonb(t) as row from {table} t where cell = $1 and tenant_id = $2 order by {order}"
                lines += [_row(table, row["row"]) for row in await self.database.rows(query, *tenant)]
            await self._prove(tenant)
        return _by_appearance(lines)

    async def _prove(self, tenant: Tenant) -> None:
        """Every chain of entries holds."""
        columns = ", ".join(field for field in Entry.__struct_fields__)
        query = f"select {columns} from entries where cell = $1 and tenant_id = $2 order by owner_id, number"
        ends: dict[str, Entry] = {}
        for row in await self.database.rows(query, *tenant):
            entry = Entry(**dict(row))
            before = ends.get(entry.owner_id)
            assert is_proven(before.hash if before else bytes(32), entry)
            ends[entry.owner_id] = entry


_OWNER = "coalesce({})".format(
    ", ".join(
        f"(select '{table} ' || o.external_reference from {table} o"
        f" where o.cell = t.cell and o.tenant_id = t.tenant_id and o.id = t.{{0}})"
        for table in ("customers", "accounts", "bills", "payments")
    )
)
"""What an object is called, whatever its id: {0} is the column that names it."""

_PAYMENT = (
    "(select (p.external_reference, p.represents is not null, p.represented_by is null) from payments p"
    " where p.cell = t.cell and p.tenant_id = t.tenant_id and p.id = t.{})"
)
"""The place of a payment, beside those that have come again under its reference or before it."""

TABLES = {
    "customers": "external_reference",
    "accounts": "external_reference",
    "bills": "external_reference",
    "payments": _PAYMENT.format("id"),
    "payment_applications": f"{_PAYMENT.format('payment_id')}, number",
    "payment_links": f"{_OWNER.format('owner_id')}, {_PAYMENT.format('payment_id')}",
    "bill_credits": "external_reference, amount, kind, reason, reversed_at, id",
    "refunds": "external_reference",
    "entries": f"{_OWNER.format('owner_id')}, {_PAYMENT.format('owner_id')}, number",
    "events": "position",
    "metadata_pairs": f"{_OWNER.format('object_id')}, pair",
    "idempotency_keys": "key",
}
"""Every table of a tenant's data that commands write, and an order of its rows that has nothing to do with ids."""


def _asked(step: Step, body: Any, name: Any, below: str) -> Any:
    if step.command in BARE:
        return body
    if step.command.startswith("payments.") and step.name is None:
        return Conditional(body, step.if_match)
    return Look(name) if step.command.endswith(".read") else Modify(name, body, step.if_match, below)


def _is_late(answer: Any) -> bool:
    """Whether it is to be decided in the next group, since it could not be beside those before it."""
    return isinstance(answer, Failed) and isinstance(answer.error, Later)


def _render(request: Request[Any], outcome: Any) -> Answer:
    """What the client is told."""
    if isinstance(outcome, Refusal):
        problem = problem_json("https://docs", request.path, request.request_id, outcome)
        return Answer(PROBLEM_TYPES[outcome.code].status, problem)
    return Answer(200, outcome.json, outcome.id, warning=outcome.warning)


def _break(*_: Any) -> Any:
    raise BoomError


def _told(answer: Any) -> str:
    if isinstance(answer, Failed):
        return repr(answer.error)
    assert isinstance(answer, Answer)
    return f"{answer.status} {answer.replayed} {answer.object_id} {answer.warning} {answer.body.decode()}"


def _row(table: str, text: str) -> str:
    row: dict[str, Any] = json.loads(text)
    # These differ from run to run, and from one tenant to the other.
    for unlike in ("tenant_id", "hash", "salt", "position"):
        row.pop(unlike, None)
    if table == "idempotency_keys":
        row["body"] = bytes.fromhex(row["body"].removeprefix("\\x")).decode()
    return f"{table}: {json.dumps(row, sort_keys=True)}"


_ID = re.compile(r"\b(bcus|bacc|bill|pay|ob|cred|ref|evt|ent)_[0-9A-Za-z]{21}\b")
_ETAG = re.compile(r"its ETag is \S+ now")


def _by_appearance(lines: list[str]) -> list[str]:
    """The lines with each id told by when it first appears."""
    seen: dict[str, str] = {}
    return [
        _ID.sub(
            lambda match: seen.setdefault(match[0], f"{match[1]} no. {len(seen)}"), _ETAG.sub("its ETag is … now", line)
        )
        for line in lines
    ]


async def new_world(database: Database, sequence: Sequence) -> World:
    """A world of two new tenants, with default rules for half of what there may be."""
    async with database.transaction() as tx:
        made = await store.insert_merchant(tx, new_id("mer_", datetime.now(UTC)), "In order", NOW, 1)
        for tenant in made.values():
            rules = [("customer", "ZAR", DEFAULT), ("account", "ZAR", DEFAULT), ("bill", "ZAR", DEFAULT)]
            await store.save_payment_rules(tx, tenant, [*rules, ("bill", "USD", DEFAULT)])  # type: ignore[list-item]
        await tx.commit()
    return World(database, [made["test"], made["live"]], sequence)


async def play(database: Database, sequence: Sequence) -> tuple[World, set[tuple[int, Name]]]:
    """The sequence in its groups; and which names were ids, since their objects were there before the group."""
    world, by_id = await new_world(database, sequence), set[tuple[int, Name]]()
    for numbers, cautious in sequence.groups():
        known = await world.known()
        for number in numbers:
            step = sequence.steps[number]
            by_id |= {
                (number, name)
                for name in _names([step.name, step.below, step.body])
                if name.by_id and (step.tenant, name.noun, name.reference) in known
            }
        await world.carry_out(numbers, by_id, cautious=cautious)
    return world, by_id


def _names(value: Any) -> list[Name]:
    if isinstance(value, Name):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [name for one in inner for name in _names(one)]


async def play_one_by_one(
    database: Database, sequence: Sequence, numbers: Several[int], by_id: set[tuple[int, Name]]
) -> World:
    """These of its steps, each in a transaction of its own."""
    world = await new_world(database, sequence)
    for number in numbers:
        await world.carry_out([number], by_id, cautious=False)
    return world
