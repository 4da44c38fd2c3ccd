"""What can be set of a merchant, as it is said and shown on the command line."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import typer

from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.days import explain_unknown_zone, time_zones
from dues.domain.fields import plain_text
from dues.domain.files.rows import RESULT_COLUMNS, FileSettings, Model

COLUMN_LENGTH_MAX: Final = 255


def parse_name(text: str) -> str:
    """What a merchant is called. Raises typer.BadParameter, like all of these."""
    if not 0 < len(text) <= 255 or text != text.strip() or any(plain_text(text)):
        raise typer.BadParameter("must be 1 to 255 characters, without white space at its ends or control characters.")
    if text.startswith("mer_"):
        raise typer.BadParameter("must not begin with mer_: that is how ids do.")
    return text


def _parse_zone(text: str) -> str:
    if text not in time_zones():
        raise typer.BadParameter(explain_unknown_zone(text))
    return text


def _parse_identifier(text: str) -> str:
    if not 0 < len(text) <= COLUMN_LENGTH_MAX or text != text.strip() or any(plain_text(text)):
        raise typer.BadParameter("must be the name of a column, as the first line of the file has it; or identity.")
    if text in RESULT_COLUMNS:
        raise typer.BadParameter(f"must not be {text}: a result has its verdicts there, and files are read without.")
    return text


def _parse_currency(text: str) -> str:
    if text not in EXPONENTS:
        raise typer.BadParameter(explain_unknown(text))
    return text


def _parse_country(text: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS  # here, and not above: its tables are large

    if not re.fullmatch("[A-Z]{2}", text) or text not in SUPPORTED_REGIONS:
        meant = text.strip().upper()
        hint = f"Did you mean {meant}?" if meant in SUPPORTED_REGIONS else "For example ZA."
        raise typer.BadParameter(f"must be an ISO 3166 code of a country, in upper case. {hint}")
    return text


TimeZone = Annotated[
    str | None,
    typer.Option(
        parser=_parse_zone,
        metavar="ZONE",
        help="Whose days are the merchant's, like Africa/Johannesburg: for dates of bills, and totals.",
        show_default=False,
    ),
]

FileIdentifier = Annotated[
    str | None,
    typer.Option(
        parser=_parse_identifier,
        metavar="COLUMN",
        help="The column of Moment's files that has the reference. identity: the identity or passport number is it.",
        show_default=False,
    ),
]

FileModel = Annotated[
    Model | None,
    typer.Option(
        help="What an amount in Moment's files is: the balance of a customer, or of an account of theirs, or a bill.",
        show_default=False,
    ),
]

FileCurrency = Annotated[
    str | None,
    typer.Option(
        parser=_parse_currency, metavar="CODE", help="The currency of amounts in Moment's files.", show_default=False
    ),
]

FileCountry = Annotated[
    str | None,
    typer.Option(
        parser=_parse_country,
        metavar="CODE",
        help="The country of phone numbers in Moment's files whose names say none.",
        show_default=False,
    ),
]


def given(**options: str | None) -> dict[str, str]:
    """Those that were said."""
    return {name: said for name, said in options.items() if said is not None}


def merchant_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A merchant for programs: its row, with all that its files are read by."""
    return {**row, "file_settings": settings_json(row["file_settings"])}


def settings_json(stored: str | None) -> dict[str, str]:
    """What Moment's files are read by, the usual where nothing is set."""
    settings = msgspec.json.decode(stored or "{}", type=FileSettings)
    return {name: getattr(settings, name) for name in ("identifier", "model", "currency", "country")}


def show_settings(shown: Mapping[str, str]) -> str:
    """The same, for people."""
    return (
        f"files: {shown['model']} in {shown['currency']}, by the column {shown['identifier']}, "
        f"phone numbers of {shown['country']}"
    )
