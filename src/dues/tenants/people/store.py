"""The statements on people, invitations and sessions."""

from datetime import datetime

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.people import Role


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who works at the desk of a merchant. `totp_secret` is as it is stored."""

    id: str
    merchant_id: str
    email: str
    name: str
    role: Role
    password_hash: str
    totp_secret: str | None
    created_at: datetime
    removed_at: datetime | None


PERSON = "p.id, p.merchant_id, p.email, p.name, p.role, p.password_hash, p.totp_secret, p.created_at, p.removed_at"

FINDPERSON = f"select {PERSON} from people p where p.email = $1 and p.removed_at is null"


async def find_person(database: Database, email: str) -> Person | None:
    """The one with this address, who was not removed."""
    row = await database.row(FINDPERSON, email)
    return Person(**row) if row else None


LIST_PEOPLE = f"select {PERSON} from people p where p.merchant_id = $1 order by p.id"


async def list_people(database: Database, merchant_id: str) -> list[Person]:
    """All who work or worked there, the first who came first."""
    return [Person(**row) for row in await database.rows(LIST_PEOPLE, merchant_id)]


COUNT_PEOPLE = "select count(*) as number from people"


async def count_people(database: Database) -> int:
    """Of all merchants; those who were removed too."""
    [row] = await database.rows(COUNT_PEOPLE)
    return int(row["number"])


INSERTPERSON = """
insert into people (id, merchant_id, email, name, role, password_hash, totp_secret, totp_last_step, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict do nothing
returning id
"""


async def insert_person(tx: Transaction, person: Person, totp_step: int) -> bool:
    """Somebody new; whether the address was nobody's."""
    one = person
    values = (one.id, one.merchant_id, one.email, one.name, one.role, one.password_hash, one.totp_secret)
    return bool(await tx.lock(INSERTPERSON, *values, totp_step, one.created_at))


SAVE_ROLE = "update people set role = $3 where merchant_id = $1 and email = $2 and removed_at is null returning id"


async def save_role(tx: Transaction, merchant_id: str, email: str, role: Role) -> bool:
    """Gives somebody another role; whether there is such a person."""
    return bool(await tx.lock(SAVE_ROLE, merchant_id, email, role))


SAVE_REMOVED = """
with removed as (
    update people set removed_at = $3 where merchant_id = $1 and email = $2 and removed_at is null returning id
), ended as (
    update sessions s set ended_at = $3 from removed where s.person_id = removed.id and s.ended_at is null
)
select id from removed
"""


async def save_removed(tx: Transaction, merchant_id: str, email: str, now: datetime) -> bool:
    """Lets somebody in no more, and ends their sessions; whether there was such a person."""
    return bool(await tx.lock(SAVE_REMOVED, merchant_id, email, now))


SAVE_TOTP_STEP = "update people set totp_last_step = $2 where id = $1 and totp_last_step < $2 returning id"


async def save_totp_step(database: Database, person_id: str, step: int) -> bool:
    """A code is used; whether it was not before, nor a later one."""
    return bool(await database.rows(SAVE_TOTP_STEP, person_id, step))


# Invitations ------------------------------------------------------------------------------------------------------


class Invitation(Struct, frozen=True, kw_only=True):
    """Who may become one of a merchant's people, until when. Without an `email` whoever has the link says theirs."""

    id: str
    merchant_id: str
    merchant: str
    email: str
    role: Role
    expires_at: datetime
    used_at: datetime | None


INSERT_INVITATION = """
insert into invitations (id, merchant_id, email, role, token_sha256, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
returning id
"""


async def insert_invitation(tx: Transaction, made: Invitation, token_sha256: bytes, now: datetime) -> None:
    """A new invitation, which is found by the hash of its token."""
    values = (made.id, made.merchant_id, made.email, made.role)
    await tx.lock(INSERT_INVITATION, *values, token_sha256, now, made.expires_at)


FIND_INVITATION = """
select i.id, i.merchant_id, m.name as merchant, i.email, i.role, i.expires_at, i.used_at
  from invitations i
  join merchants m on m.id = i.merchant_id
 where i.token_sha256 = $1
"""


async def find_invitation(database: Database, token_sha256: bytes) -> Invitation | None:
    """The one with this token, used or not."""
    row = await database.row(FIND_INVITATION, token_sha256)
    return Invitation(**row) if row else None


SAVE_USED = "update invitations set used_at = $2 where id = $1 and used_at is null returning id"


async def save_used(tx: Transaction, invitation_id: str, now: datetime) -> bool:
    """It is used; whether it was not before."""
    return bool(await tx.lock(SAVE_USED, invitation_id, now))
