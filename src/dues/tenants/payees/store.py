"""The statements on it."""

from datetime import UTC, date, datetime, timedelta

import msgspec
from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.days import day_at
from dues.domain.tenants import Tenant
from dues.tenants.brands.store import Brand
from dues.tenants.keys import Mode


class BankAccount(Struct, frozen=True):
    """Where customers transfer money to: an IBAN without spaces, and who holds it."""

    iban: str
    holder: str


class Payee(Struct, frozen=True):
    """A merchant in one mode, as far as its customers see it."""

    tenant: Tenant
    mode: Mode
    name: str
    time_zone: str
    clock_offset_seconds: int
    bank_account: BankAccount | None
    brand: Brand | None = None
    cash_point: str | None = None
    """Where they pay cash, in words."""

    def now(self) -> datetime:
        """What time it is for it."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)

    @property
    def today(self) -> date:
        """Which day it is for it."""
        return day_at(self.now(), self.time_zone)


FIND_PAYEE = """
select t.cell, t.mode, t.clock_offset_seconds, m.name, m.time_zone, m.bank_account, m.cash_point,
       b.merchant_id is not null as is_branded, b.colour, b.logo_width, b.logo_height
  from tenants t
  join merchants m on m.id = t.merchant_id
  left join brands b on b.merchant_id = m.id
 where t.id = $1
"""


async def find_payee(database: Database, tenant_id: int) -> Payee | None:
    """The one behind a tenant."""
    row = await database.row(FIND_PAYEE, tenant_id)
    if row is None:
        return None
    account = row["bank_account"]
    return Payee(
        tenant=Tenant(row["cell"], tenant_id),
        mode=row["mode"],
        name=row["name"],
        time_zone=row["time_zone"],
        clock_offset_seconds=row["clock_offset_seconds"],
        bank_account=msgspec.json.decode(account, type=BankAccount) if account else None,
        brand=Brand(row["colour"], row["logo_width"], row["logo_height"]) if row["is_branded"] else None,
        cash_point=row["cash_point"],
    )


SAVE_BANK_ACCOUNT = "update merchants set bank_account = $2::jsonb where id = $1 returning id"


async def save_bank_account(tx: Transaction, merchant_id: str, account: BankAccount | None) -> None:
    """Sets where a merchant's customers transfer money to; None: nowhere."""
    await tx.lock(SAVE_BANK_ACCOUNT, merchant_id, msgspec.json.encode(account).decode() if account else None)


SAVE_CASH_POINT = "update merchants set cash_point = $2 where id = $1 returning id"


async def save_cash_point(tx: Transaction, merchant_id: str, where: str | None) -> None:
    """Sets where a merchant's customers pay cash; None: nowhere."""
    await tx.lock(SAVE_CASH_POINT, merchant_id, where)
