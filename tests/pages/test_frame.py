"""What every page stands in."""

import re
from functools import cache
from urllib.parse import urljoin

import pytest

from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.pages.frame import ASSETS, LANGUAGES
from dues.pages.frame.json_code import json_code, json_text
from dues.pages.frame.markup import Html, element, join, prose
from dues.pages.site import site
from tests.pages.page import Page, read_page

FILES = site(document("/docs"), PROBLEM_TYPES)

COMPONENTS = "/docs/components"
"""A page like those for people, which stand in no frame: `tests/pages/test_look.py`."""

PAGES = [path for path, file in FILES.items() if file.content_type.startswith("text/html") and path != COMPONENTS]

every_page = pytest.mark.parametrize("path", PAGES)


@cache
def _page(path: str) -> Page:
    """A page. Made for those who ask for it, not for every process that only collects the tests."""
    return read_page(FILES[path].make())


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", "a < b & c", Html("<b>"), None) == "<p>a &lt; b &amp; c<b></p>"
    assert join("<", Html("<i>"), None) == "&lt;<i>"
    assert prose("`<b>` and <b>") == "<code>&lt;b&gt;</code> and &lt;b&gt;"
    assert "<" not in re.sub(r"</?span[^>]*>", "", json_code({"<": ["<script>", 1, None]}))


def test_attributes_are_escaped_or_left_out() -> None:
    assert element("a", "x", href='"><script>', class_=None, hidden=False) == '<a href="&quot;&gt;&lt;script&gt;">x</a>'
    assert element("nav", popover=True, aria_label="Contents") == '<nav popover aria-label="Contents"></nav>'
    assert element("meta", name="a", content="b") == '<meta name="a" content="b">'


def test_json_is_shown_as_it_is() -> None:
    value = {"a": 'quote " and \\', "b": [True, None, -1.5], "c": {}}
    assert read_page(f"<p>{json_code(value)}</p>".encode()).text == json_text(value)


@every_page
def test_a_page_is_well_formed_and_each_id_is_one(path: str) -> None:
    page = _page(path)
    assert len(page.ids) == len(set(page.ids))
    assert {"main", "nav", "h1", "title"} <= page.tags


@every_page
def test_a_page_loads_only_what_is_ours_and_runs_nothing_of_its_own(path: str) -> None:
    page = _page(path)
    assert not page.tags & {"style", "iframe", "object", "embed", "form", "base", "audio", "video", "source"}
    assert not [name for _, name in page.attributes if name == "style" or name.startswith("on")]
    loaded = {urljoin(path, one) for one in page.loaded}
    assert len(loaded) >= 3
    assert loaded <= {
        there for there, file in FILES.items() if file.is_named_by_hash or file.content_type == "image/png"
    }
    assert "<script></script>" in re.sub(r" src=\S+?>", ">", FILES[path].make().decode())


@every_page
def test_every_link_leads_somewhere(path: str) -> None:
    for link in _page(path).links:
        address, _, anchor = link.partition("#")
        if address.startswith(("http:", "https:")):
            continue
        there = urljoin(path, address) if address else path
        if there == "/openapi.json" or (there in FILES and there not in PAGES):
            continue
        assert there in PAGES, link
        assert not anchor or anchor in _page(there).ids, link


def test_what_a_style_shows_one_of_is_all_that_there_is() -> None:
    style = ASSETS["style"].body.decode()
    for language in LANGUAGES:
        (hidden,) = re.findall(rf"#in-{language}:checked\) :is\(([^)]*)\)", style)
        assert set(hidden.split(", ")) == {f".in-{other}" for other in LANGUAGES if other != language}
