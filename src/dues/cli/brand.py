"""`dues merchants brand`: how pages for a merchant's customers look."""

from pathlib import Path
from typing import Annotated

import typer

from dues.cli.database import AsJson, Data
from dues.cli.merchant_changes import change_merchant
from dues.cli.merchants import MerchantArgument, print_json
from dues.db.transaction import Transaction
from dues.domain.brands import (
    DARK_GROUND,
    LIGHT_GROUND,
    LOGO_BYTES_MAX,
    Logo,
    NotALogoError,
    read_colour,
    read_logo,
    readable_on,
)
from dues.tenants.brands.store import delete_brand, save_colour, save_logo


def _parse_colour(text: str) -> str:
    if colour := read_colour(text):
        return colour
    raise typer.BadParameter("must be a colour, as #21508f.")


def _parse_logo(text: str) -> Logo:
    try:
        with Path(text).expanduser().open("rb") as file:
            return read_logo(file.read(LOGO_BYTES_MAX + 1))
    except OSError as error:
        raise typer.BadParameter(f"cannot be read: {error}.") from None
    except NotALogoError as error:
        raise typer.BadParameter(f"cannot be used: {error}.") from None


def set_brand(
    merchant: MerchantArgument = None,
    colour: Annotated[
        str | None,
        typer.Option(parser=_parse_colour, metavar="#RRGGBB", help="Of buttons and links.", show_default=False),
    ] = None,
    logo: Annotated[
        Logo | None,
        typer.Option(
            parser=_parse_logo, metavar="FILE", help="A PNG or JPEG file of at most 32 KiB.", show_default=False
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Look as pages do that have neither.")] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give the pages of payment links a colour and a logo, or take both away.

    A colour that would be hard to read is darkened until it is not, and lightened by night.
    """
    if remove == bool(colour or logo):
        raise typer.BadParameter("give --colour, --logo or both, or --remove.")

    async def save(tx: Transaction, merchant_id: str) -> None:
        if remove:
            await delete_brand(tx, merchant_id)
        if colour:
            await save_colour(tx, merchant_id, colour)
        if logo:
            await save_logo(tx, merchant_id, logo)

    found = change_merchant(merchant, data, save)
    if as_json:
        shown = {"colour": colour, "logo": {"width": logo.width, "height": logo.height} if logo else None}
        print_json({"id": found["id"], "name": found["name"], "brand": None if remove else shown})
        return
    print(f"{found['id']}  {found['name']}  " + ("no colour or logo of its own" if remove else "has a new brand"))
    if colour:
        light, dark = readable_on(LIGHT_GROUND, colour), readable_on(DARK_GROUND, colour)
        print(f"  {colour} is shown as {light} by day and {dark} by night")
    if logo:
        print(f"  the logo is a {logo.type} of {logo.width} × {logo.height} pixels")
