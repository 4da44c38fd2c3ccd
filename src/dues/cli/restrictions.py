"""What of a key can be restricted, as it is said and shown on the command line."""

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

from dues.domain.money import AMOUNT_MAX
from dues.domain.rate_limits import RateLimit, parse_rate_limit
from dues.http.client_address import parse_networks
from dues.resources.api import SCOPES, unknown_scopes
from dues.tenants.keys import Network, Restrictions


def parse_duration(text: str) -> timedelta:
    """`90d`, `12h` or `30m`."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([dhm])", text)
    if not found:
        raise typer.BadParameter("must be a number of days, hours or minutes, such as 90d, 12h or 30m.")
    return int(found[1]) * {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}[found[2]]


def _parse_rate(text: str) -> RateLimit:
    limit = parse_rate_limit(text)
    if limit is None:
        raise typer.BadParameter("must be a number in a second, minute or hour, such as 100/s, 6000/m or 50000/h.")
    return limit


RateLimitOption = Annotated[
    RateLimit | None,
    typer.Option(
        parser=_parse_rate,
        metavar="RATE",
        help="How often it may be used, on each server process: 100/s, 6000/m or 50000/h; so often at once, too.",
    ),
]


Expires = Annotated[
    timedelta | None,
    typer.Option(parser=parse_duration, metavar="TIME", help="After how long: 90d, 12h or 30m; never where not said."),
]

Allow = Annotated[
    str | None,
    typer.Option(help="What alone it may do: scopes with commas between them, as `dues keys scopes` lists them."),
]

MaxAmount = Annotated[
    int | None,
    typer.Option(min=1, max=AMOUNT_MAX, help="What it may move at once, in the smallest unit of each currency."),
]

MaxPerDay = Annotated[
    int | None, typer.Option(min=1, max=AMOUNT_MAX, help="What it may move in a day (UTC), of each currency.")
]

From = Annotated[
    str | None,
    typer.Option("--from", help="From where alone it may be used: addresses and networks, with commas between them."),
]


def restrictions_of(
    allow: str | None, addresses: str | None, max_amount: int | None, max_per_day: int | None
) -> Restrictions:
    """What the options say. Raises typer.BadParameter where that makes no sense."""
    return Restrictions(
        allowed=None if allow is None else parse_scopes(allow),
        addresses=None if addresses is None else parse_addresses(addresses),
        max_amount=max_amount,
        max_per_day=max_per_day,
    )


def parse_scopes(text: str) -> tuple[str, ...]:
    """Scopes of `--allow`, which there are."""
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if unknown := unknown_scopes(wanted):
        nouns = list(dict.fromkeys(f"{scope.partition(':')[0]}:*" for scope in SCOPES))
        raise typer.BadParameter(f"{', '.join(unknown)}: no such scope. There are {', '.join([*SCOPES, *nouns])}.")
    if not wanted:
        raise typer.BadParameter("--allow names no scope. See dues keys scopes.")
    return wanted


def parse_addresses(text: str) -> tuple[Network, ...]:
    """Networks of `--from`."""
    try:
        networks = parse_networks(text)
    except ValueError as error:
        raise typer.BadParameter(f"--from: {error}.") from None
    if not networks:
        raise typer.BadParameter("--from names no address.")
    return networks


def restrictions_json(rate_limit: RateLimit | None, only: Restrictions | None) -> dict[str, Any]:
    """What a key may not, by the names of the options; nothing where it may."""
    only = only or Restrictions()
    found = {
        "rate_limit": rate_limit and str(rate_limit),
        "allow": only.allowed and list(only.allowed),
        "from": only.addresses and [str(network) for network in only.addresses],
        "max_amount": only.max_amount,
        "max_per_day": only.max_per_day,
    }
    return {name: value for name, value in found.items() if value is not None}
