"""The statements on it."""

from msgspec import Struct

from dues.db.database import Database
from dues.db.transaction import Transaction
from dues.domain.brands import Logo


class Brand(Struct, frozen=True):
    """What a page has to know of it: the colour (`#rrggbb`) and the logo's pixels; None: there is none."""

    colour: str | None
    logo_width: int | None
    logo_height: int | None


SAVE_COLOUR = """
insert into brands (merchant_id, colour) values ($1, $2)
on conflict (merchant_id) do update set colour = excluded.colour
returning merchant_id
"""


async def save_colour(tx: Transaction, merchant_id: str, colour: str | None) -> None:
    """Sets the colour; None: there is none."""
    await tx.lock(SAVE_COLOUR, merchant_id, colour)


SAVE_LOGO = """
insert into brands (merchant_id, logo, logo_type, logo_width, logo_height) values ($1, $2, $3, $4, $5)
on conflict (merchant_id) do update
   set logo = excluded.logo, logo_type = excluded.logo_type,
       logo_width = excluded.logo_width, logo_height = excluded.logo_height
returning merchant_id
"""


async def save_logo(tx: Transaction, merchant_id: str, logo: Logo) -> None:
    """Sets the logo."""
    await tx.lock(SAVE_LOGO, merchant_id, logo.bytes, logo.type, logo.width, logo.height)


DELETE_BRAND = "delete from brands where merchant_id = $1 returning merchant_id"


async def delete_brand(tx: Transaction, merchant_id: str) -> None:
    """Removes colour and logo."""
    await tx.lock(DELETE_BRAND, merchant_id)


FIND_LOGO = """
select b.logo, b.logo_type, b.logo_width, b.logo_height
  from tenants t
  join brands b on b.merchant_id = t.merchant_id
 where t.id = $1 and b.logo is not null
"""


async def find_logo(database: Database, tenant_id: int) -> Logo | None:
    """The logo of the merchant behind a tenant."""
    row = await database.row(FIND_LOGO, tenant_id)
    return Logo(row["logo_type"], row["logo_width"], row["logo_height"], row["logo"]) if row else None
