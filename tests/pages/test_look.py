"""What pages for people are made of: small, readable in every light, complete in every language."""

import json
import re
from base64 import b64encode
from datetime import date
from hashlib import sha256
from pathlib import Path
from string import Formatter

import pytest

import dues.pages.look as look
from dues.pages.frame.markup import Html
from dues.pages.look.gallery import gallery_page
from dues.pages.words import LANGUAGES, Language, language_of
from tests.pages.page import read_page

STYLE = look.STYLE.body.decode()

PAGE_BYTES_MAX = 60_000


def test_a_page_with_its_style_is_small() -> None:
    assert STYLE.count("\n") < 400
    assert len(gallery_page()) + len(look.STYLE.body) < PAGE_BYTES_MAX


def test_every_part_is_shown() -> None:
    shown = gallery_page().decode()
    for sign in (
        'class="test"',
        'class="answer"',
        'class="amount"',
        'class="state overdue"',
        "<tfoot>",
        'class="empty"',
    ):
        assert sign in shown
    for sign in ('class="field wrong"', 'role="alert"', 'class="choice"', "<dl>", 'class="bars"', "<bdi", "<time"):
        assert sign in shown


def test_a_page_loads_its_style_alone_and_runs_nothing() -> None:
    page = read_page(gallery_page())
    assert page.loaded == [f"../docs/assets/{look.STYLE.name}"]
    assert not page.tags & {"script", "style", "img", "iframe", "object", "embed", "base"}
    assert not [name for _, name in page.attributes if name == "style" or name.startswith("on")]
    assert len(page.ids) == len(set(page.ids))
    assert {"main", "header", "h1", "title"} <= page.tags


def test_a_page_that_is_kept_has_its_style_in_it_and_its_policy_allows_that_one_alone() -> None:
    page = look.page("T", look.Surroundings(Language("en"), "A merchant", None), look.headline("Q", "A"))
    [style] = re.findall(rb"<style>(.*?)</style>", page, re.DOTALL)
    assert b"<link" not in page
    digest = b64encode(sha256(style).digest())
    assert b"style-src 'sha256-%b'" % digest in look.POLICY_OF_FILES
    assert b"default-src 'none'" in look.POLICY_OF_FILES


def colours(scheme: str) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[0]))
    if scheme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[1]))
    return found


def contrast(one: str, other: str) -> float:
    """As WCAG 2 has it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_in_light_and_dark(scheme: str) -> None:
    found = colours(scheme)
    assert contrast(found["text"], found["ground"]) >= 7
    for name in ("quiet", "accent", "bad", "good"):
        assert contrast(found[name], found["ground"]) >= 4.5, name
    for name in ("text", "quiet"):
        assert contrast(found[name], found["raised"]) >= 4.5, name
    assert contrast(found["on-accent"], found["accent"]) >= 4.5


def test_amounts_are_written_as_people_of_a_language_do() -> None:
    written = {code: Language(code).amount(-124_050, "ZAR") for code in LANGUAGES}
    assert written["en"] == "−1,240.50"
    assert written["de"] == "−1.240,50"
    assert [Language("en").amount(1240, currency) for currency in ("JPY", "KWD")] == ["1,240", "1.240"]
    assert Language("en").amount(9_007_199_254_740_991, "ZAR") == "90,071,992,547,409.91"
    assert Language("de").day(date(2026, 1, 20), weekday=True) == "Dienstag, 20. Januar 2026".replace("20.", "20")


@pytest.mark.parametrize(
    ("asked", "accepted", "code"),
    [
        (None, None, "en"),
        (None, b"de-AT,en;q=0.5", "de"),
        (None, b"xx,fr;q=0.1,zu;q=0.2", "zu"),
        (None, b"fr;q=0,af;q=0.1", "af"),
        ("ar", b"de", "ar"),
        ("xx", b"de", "de"),
        (None, b"de;q=high, " + b"x" * 600, "en"),
        (None, b"\xff\xfe,,;;q=1", "en"),
    ],
)
def test_the_language_is_the_one_that_is_wanted_most(asked: str | None, accepted: bytes | None, code: str) -> None:
    assert language_of(asked, accepted).code == code


def test_names_cannot_become_markup() -> None:
    assert look.person("<script>") == Html('<bdi class="name">&lt;script&gt;</bdi>')


@pytest.mark.parametrize(
    "path", sorted(Path(look.__file__).parents[1].rglob("words.json")), ids=lambda path: path.parent.name
)
def test_each_sentence_is_there_in_every_language_with_the_same_values(path: Path) -> None:
    for key, texts in json.loads(path.read_text()).items():
        assert list(texts) == list(LANGUAGES), key
        values = {code: {name for _, name, *_ in Formatter().parse(text) if name} for code, text in texts.items()}
        assert len({frozenset(names) for names in values.values()}) == 1, (key, values)
