"""A bar code of a line of text (Code 128, set B), as SVG: what tills read."""

from typing import Final

from dues.pages.frame.markup import Html, element

_WIDTHS: Final = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
)
"""Of the symbols 0 to 105: three bars and three spaces each, as wide as the digits say."""

_STOP: Final = "2331112"

_START_B: Final = 104

_QUIET: Final = 10
"""As much room on both sides as the standard wants."""

LENGTH_MAX: Final = 40
"""More than a till reads from a phone."""


def can_be_bars(text: str) -> bool:
    """Whether this can be said in bars: ASCII that is seen, and not too much of it."""
    return 1 <= len(text) <= LENGTH_MAX and all(" " <= letter <= "~" for letter in text)


def widths_of(text: str) -> str:
    """The bars and spaces in their order, a bar first; the last symbol but one checks the others."""
    symbols = [_START_B, *(ord(letter) - 32 for letter in text)]
    symbols.append((symbols[0] + sum(place * symbol for place, symbol in enumerate(symbols))) % 103)
    return "".join(_WIDTHS[6 * symbol : 6 * symbol + 6] for symbol in symbols) + _STOP


def barcode(text: str, title: str) -> Html:
    """The picture, on white in dark pages too."""
    at, bars = _QUIET, []
    for place, width in enumerate(map(int, widths_of(text))):
        if place % 2 == 0:
            bars.append(element("rect", x=str(at), y="0", width=str(width), height="40"))
        at += width
    return element(
        "svg",
        element("title", title),
        *bars,
        viewBox=f"0 -4 {at + _QUIET} 48",
        preserveAspectRatio="none",
        role="img",
        class_="barcode",
    )
