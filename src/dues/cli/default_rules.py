"""Default payment rules, as they are said and shown on the command line."""

from typing import Annotated, Any, Final, Literal, cast

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dues.domain.currencies import EXPONENTS, explain_unknown
from dues.domain.payment_rules import NOUNS, Noun, PaymentRules
from dues.tenants.keys import Mode

Rules = dict[tuple[Noun, str], PaymentRules | None]
"""By kind of object and currency; None: there are none, and so it cannot be paid."""

ModeRules = tuple[Mode, Noun, str, PaymentRules | None]
"""Default rules: of a mode, for a kind of object, in a currency."""

_FORM: Final = 'must be like "bill ZAR 100 500000", with no-underpayment or overpayment behind it; or "bill ZAR none"'


def parse_default_rules(text: str) -> Rules:
    """`KIND CURRENCY MIN MAX`, and what differs from part payments yes, overpayment no; or `KIND CURRENCY none`."""
    kind, currency, *says = (*text.split(), "", "")
    chosen = [(noun, code) for noun in _chosen_kinds(kind) for code in _chosen_currencies(currency)]
    return dict.fromkeys(chosen, _rules([word for word in says if word]))


def _chosen_kinds(kind: str) -> tuple[Noun, ...]:
    if kind != "all" and kind not in NOUNS:
        raise typer.BadParameter(f"{_FORM}. The kind is {', '.join(NOUNS)} or all.")
    return NOUNS if kind == "all" else (cast(Noun, kind),)


def _chosen_currencies(currency: str) -> list[str]:
    if currency != "all" and currency not in EXPONENTS:
        raise typer.BadParameter(f"{_FORM}. The currency {explain_unknown(currency)}")
    return sorted(EXPONENTS) if currency == "all" else [currency]


def _rules(words: list[str]) -> PaymentRules | None:
    if words == ["none"]:
        return None
    amounts, may = words[:2], words[2:]
    allowed = {"underpayment": True, "overpayment": False}
    for word in may:
        what = word.removeprefix("no-")
        if what not in allowed or may.count(what) + may.count(f"no-{what}") > 1:
            raise typer.BadParameter(f"{_FORM}.")
        allowed[what] = what == word
    if len(amounts) < 2 or not all(amount.isascii() and amount.isdigit() for amount in amounts):
        raise typer.BadParameter(f"{_FORM}. Amounts are whole numbers, in the currency's smallest unit.")
    names = PaymentRules.__struct_fields__
    try:
        rules = msgspec.convert(dict(zip(names, [*map(int, amounts), *allowed.values()], strict=True)), PaymentRules)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from None
    for broken in rules.cross_check():
        raise typer.BadParameter(f"The smallest amount {broken.detail}")
    return rules


DefaultRules = Annotated[
    list[Any] | None,
    typer.Option(
        "--default-rules",
        parser=parse_default_rules,
        metavar="RULES",
        help='Default payment rules, like "bill ZAR 100 500000": a kind (customer, account, bill, all), a currency (a '
        "code, all), the smallest and the largest payment in the smallest unit. Part payments are allowed and more "
        'than is due is not, unless no-underpayment or overpayment follows. "bill ZAR none": it cannot be paid. '
        "Again for more; of two for the same the later holds.",
        show_default=False,
    ),
]

ModeOption = Annotated[
    Literal["test", "live"] | None,
    typer.Option("--mode", help="Whose default rules: test or live; both where it is not said.", show_default=False),
]


def modes(mode: Mode | None) -> tuple[Mode, ...]:
    """The modes that are meant."""
    return (mode,) if mode else ("live", "test")


def rules_json(rows: list[ModeRules]) -> list[dict[str, Any]]:
    """Default rules for programs."""
    names = ("mode", "kind", "currency", "payment_rules")
    return [dict(zip(names, row, strict=True)) for row in rows]


def show_rules(rows: list[ModeRules]) -> None:
    """Default rules for people."""
    table = Table("mode", "kind", "currency", "min", "max", "underpayment", "overpayment")
    for mode, kind, currency, rules in rows:
        table.add_row(mode, kind, currency, *(_cells(rules) if rules else ["cannot be paid"]))
    Console().print(table)


def _cells(rules: PaymentRules) -> list[str]:
    may = ["yes" if allowed else "no" for allowed in (rules.underpayment_allowed, rules.overpayment_allowed)]
    return [str(rules.min_amount), str(rules.max_amount), *may]
