"""`dues people`: who works at the desk of a merchant."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from dues.cli.database import AsJson, Data, with_database
from dues.cli.merchants import Merchant, find_merchant, print_json
from dues.db.database import Database
from dues.domain.people import MOVES_MONEY, Role, read_email
from dues.settings import read_settings
from dues.tenants.people.letting_in import invite
from dues.tenants.people.store import (
    find_person,
    list_people,
    save_removed,
    save_role,
)

app = typer.Typer(help="People who work at the desk, in a browser.", no_args_is_help=True)


def _parse_email(text: str) -> str:
    if email := read_email(text):
        return email
    raise typer.BadParameter("must be an e-mail address, such as jane@example.com.")


Email = Annotated[str, typer.Argument(parser=_parse_email, metavar="EMAIL", help="Their e-mail address.")]

RoleOption = Annotated[Role, typer.Option(help="What they may: viewer, support, cashier, accountant or admin.")]


@app.command("invite")
def invite_person(
    email: Email,
    role: RoleOption = "viewer",
    merchant: Merchant = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a link by which somebody comes to the desk, once, within seven days. No mail is sent: give it to them."""
    settings = read_settings(data=data)

    async def run(database: Database) -> str:
        if await find_person(database, email):
            raise typer.BadParameter(f"{email} is somebody's already.")
        found = await find_merchant(database, merchant)
        return await invite(database, found["id"], email, role)

    token = with_database(data, run)
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    url = f"{base}/desk/join/{token}"
    if as_json:
        print_json({"email": email, "role": role, "url": url})
    else:
        print(f"{email} comes in as {role} by this link, shown this once:\n\n  {url}\n")


@app.command("list")
def list_everybody(merchant: Merchant = None, data: Data = None, as_json: AsJson = False) -> None:
    """List who works there, and who did."""

    async def run(database: Database) -> list[Any]:
        found = await find_merchant(database, merchant)
        return list(await list_people(database, found["id"]))

    people = with_database(data, run)
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "email": one.email,
                    "name": one.name,
                    "role": one.role,
                    "created_at": one.created_at,
                    "removed_at": one.removed_at,
                }
                for one in people
            ]
        )
        return
    shown = Table(box=None)
    for title in ("id", "e-mail", "name", "role", "since", "removed"):
        shown.add_column(title)
    for one in people:
        removed = one.removed_at.date().isoformat() if one.removed_at else ""
        shown.add_row(one.id, one.email, one.name, one.role, one.created_at.date().isoformat(), removed)
    Console(soft_wrap=True).print(shown)


@app.command("role")
def change_role(
    email: Email, role: RoleOption, merchant: Merchant = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Give somebody another role, at once."""

    async def run(database: Database) -> None:
        found = await find_merchant(database, merchant)
        person = await find_person(database, email)
        if person is None or person.merchant_id != found["id"]:
            raise typer.BadParameter(f"Nobody who works there has the address {email}.")
        if role in MOVES_MONEY and person.totp_secret is None:
            raise typer.BadParameter(
                f"{role} needs a second factor, which {email} has not: remove them, and invite them again."
            )
        async with database.transaction() as tx:
            await save_role(tx, found["id"], email, role)
            await tx.commit()

    with_database(data, run)
    if as_json:
        print_json({"email": email, "role": role})
    else:
        print(f"{email} is {role} now.")


@app.command("remove")
def remove_person(email: Email, merchant: Merchant = None, data: Data = None, as_json: AsJson = False) -> None:
    """Let somebody in no more, and end their sessions. What they did stays, under their name."""

    async def run(database: Database) -> None:
        found = await find_merchant(database, merchant)
        async with database.transaction() as tx:
            if not await save_removed(tx, found["id"], email, datetime.now(UTC)):
                raise typer.BadParameter(f"Nobody who works there has the address {email}.")
            await tx.commit()

    with_database(data, run)
    if as_json:
        print_json({"email": email, "removed": True})
    else:
        print(f"{email} is let in no more.")
