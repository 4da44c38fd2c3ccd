"""The customer's page: what is owed, until when, and how to pay it. It needs no login, no cookie and no script."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dues.domain.currencies import EXPONENTS
from dues.domain.payment_links import PaymentLink
from dues.pages.frame.markup import Html, element, join
from dues.pages.look import Surroundings, page
from dues.pages.look.brand import logo
from dues.pages.words import LANGUAGES, Language, Words
from dues.tenants.payees.store import Payee

NAMES: Final = {
    "en": "English",
    "af": "Afrikaans",
    "zu": "isiZulu",
    "de": "Deutsch",
    "fr": "Français",
    "ar": "العربية",
}


STYLE_NAME: Final = "brand.css"

LOGO_NAME: Final = "logo"
"""What a merchant's brand is called below a link's page."""


class Visit(Struct, frozen=True):
    """Somebody who looks at a link: its token, in which language, and whether they asked for that one.

    `below`: what of the path is below the link's own, if it is.
    """

    token: str
    language: Language
    is_asked: bool
    payee: Payee | None = None
    link: PaymentLink | None = None
    below: str = ""

    @property
    def words(self) -> Words:
        """What is said to them."""
        return Words(self.language, "dues.pages.pay")

    @property
    def root(self) -> str:
        """The way from here to the server's first path."""
        return "../../" if self.below else "../"

    def way(self, below: str = "") -> str:
        """The way from here to the link's page, or to one below it, in the same language."""
        path = f"{self.root}p/{self.token}" + (f"/{below}" if below else "")
        return f"{path}?lang={self.language.code}" if self.is_asked else path

    def money(self, minor: int, currency: str) -> str:
        """An amount in a sentence. Where that runs from right to left, it is kept together."""
        text = f"{currency}\N{NO-BREAK SPACE}{self.language.amount(minor, currency)}"
        if self.language.direction == "ltr":
            return text
        return f"\N{LEFT-TO-RIGHT ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def show(title: str, visit: Visit, *main: Html | None, goes_to: str | None = None) -> bytes:
    """A page of the link's; `goes_to`: one that leads on by itself."""
    payee = visit.payee
    says_test = visit.words("test_band") if payee and payee.mode == "test" else None
    brand = payee.brand if payee else None
    surroundings = Surroundings(
        visit.language,
        payee.name if payee else "",
        visit.root,
        says_test,
        [f"{visit.root}p/{visit.token}/{STYLE_NAME}"] if brand and brand.colour else (),
        logo(brand, payee.name, f"{visit.root}p/{visit.token}/{LOGO_NAME}") if brand and payee else None,
        goes_to,
    )
    return page(title, surroundings, *main, footer=_footer(visit))


def _footer(visit: Visit) -> Html:
    here = visit.below.partition("?")[0]
    links = []
    for code in LANGUAGES:
        if code == visit.language.code:
            links.append(element("span", NAMES[code], lang=code, aria_current="true"))
        else:
            href = f"{visit.root}p/{visit.token}" + (f"/{here}" if here else "") + f"?lang={code}"
            links.append(element("a", NAMES[code], href=href, lang=code, hreflang=code, rel="nofollow"))
    languages = element(
        "nav", element("ul", *(element("li", link) for link in links)), aria_label=visit.words("language")
    )
    if visit.payee is None or visit.below == "end":
        return languages
    stop = element("p", element("a", visit.words("stop"), href=visit.way("end"), rel="nofollow"))
    return join(stop, languages)


def hidden(fields: Mapping[str, str]) -> list[Html]:
    """Fields of a form that nobody sees."""
    return [element("input", type="hidden", name=name, value=value) for name, value in fields.items()]


_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")

_POINTS: Final = str.maketrans("٫،٬", ".,,")


def read_amount(text: str, currency: str, language: Language) -> int | None:
    """What somebody has written for an amount, in minor units; None where it can be read in no way.

    A single `.` or `,` is the decimal sign where no more digits follow than the currency has; else it separates
    thousands, and three digits follow each time. Where it could be either, it is what it is in the language.
    """
    exponent = EXPONENTS.get(currency, 0)
    plain = "".join(text.translate(_DIGITS).translate(_POINTS).split()).replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    plain = plain.removeprefix(currency).replace("'", "")
    at = max(plain.rfind("."), plain.rfind(","))
    whole, decimals = plain, ""
    follow = len(plain) - at - 1
    is_sign = at >= 0 and 1 <= follow <= exponent and plain.count(plain[at]) == 1
    if is_sign and (follow != 3 or plain[at] == language.decimal_sign.translate(_POINTS)):
        whole, decimals = plain[:at], plain[at + 1 :]
    groups = whole.replace(",", ".").split(".")
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])):
        return None
    digits = "".join(groups) and "".join(groups) + decimals.ljust(exponent, "0")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 16 else None
