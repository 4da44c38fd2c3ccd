"""`dues demo`: a merchant to look at, with a year of customers, bills and payments."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from dues.cli.bars import counter
from dues.cli.database import AsJson, Data, with_database
from dues.cli.tenants import print_json
from dues.db.database import Database
from dues.demo.make import NAME, Demo, DemoExistsError, first_payers, make_demo
from dues.demo.year import CUSTOMERS, year
from dues.settings import read_settings


def demo(
    seed: Annotated[int, typer.Option(help="From another one another year is made up.", min=0)] = 1,
    customers: Annotated[int, typer.Option(help="How many customers there are.", min=1, max=5_000)] = CUSTOMERS,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a merchant called Demo, in whose test data a year has passed: customers in several scripts, accounts, bills,
    payments that are late, in parts, taken back or too much. Its keys are shown this once. Nobody else's data is
    touched, and where there is a merchant of that name nothing is done."""
    now, settings = datetime.now(UTC), read_settings(data=data)
    steps = year(seed, now, customers)

    async def run(database: Database) -> Demo:
        with counter("Making") as report:
            return await make_demo(database, steps, settings.cells, report)

    try:
        made = with_database(data, run)
    except DemoExistsError as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        shown = [{"id": key.id, "mode": key.mode, "kind": key.kind, "key": key.secret} for key in made.keys]
        print_json({"id": made.merchant_id, "name": NAME, "steps": made.steps, "keys": shown})
        return
    [key] = [key.secret for key in made.keys if (key.mode, key.kind) == ("test", "secret")]
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    payer = next(iter(first_payers(steps, now)), "CUST-1001")
    print(f"Made {made.merchant_id} ({NAME}): {made.steps:,} calls of a year. Its keys, shown this once:\n")
    for one in made.keys:
        print(f"  {one.mode} {one.kind:6}  {one.secret}")
    print("\nLook at it while `dues serve` runs:\n")
    print(f"  export DUES_KEY={key}")
    for path, file in (
        ("ageing.html", "ageing.html"),
        ("ageing.html?by=customer&currency=ZAR", "customers.html"),
        (f"customers/{payer}/statement.html", "statement.html"),
        ("bills?overdue=true", "bills.json"),
    ):
        print(f"  curl -H \"Authorization: Bearer $DUES_KEY\" '{base}/billing/{path}' -o {file}")
