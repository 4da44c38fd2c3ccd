"""What every page stands in."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

import pytest

from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.pages.docs import docs_page
from dues.pages.errors import errors_page
from dues.pages.frame.json_code import json_code, json_text
from dues.pages.frame.markup import Html, element, join, prose
from tests.pages.page import read_page

every_page = pytest.mark.parametrize("name", ["docs", "errors"])


@cache
def _html() -> dict[str, bytes]:
    """All pages. Made for those who ask for them, not for every process that only collects the tests."""
    return {"docs": docs_page(document("/docs")), "errors": errors_page(PROBLEM_TYPES)}


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
def test_a_page_is_well_formed_and_each_id_is_one(name: str) -> None:
    page = read_page(_html()[name])
    assert len(page.ids) == len(set(page.ids))
    assert {"main", "nav", "h1", "title"} <= page.tags


@every_page
def test_a_page_loads_nothing(name: str) -> None:
    page = read_page(_html()[name])
    assert not page.tags & {"img", "iframe", "object", "embed", "form", "base", "audio", "video", "source"}
    assert not page.attributes & {("script", "src"), ("link", "media"), ("img", "src")}
    assert not re.search(rb"url\(|@import|@font-face|javascript:", _html()[name])
    assert not [link for link in page.links if link.startswith(("http:", "https:", "//", "/"))]


@every_page
def test_nothing_runs_but_what_the_policy_names(name: str) -> None:
    html = _html()[name].decode()
    page = read_page(_html()[name])
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert f"{tag}-src &#x27;sha256-{b64encode(sha256(inline.encode()).digest()).decode()}&#x27;" in html
    assert not [attribute for _, attribute in page.attributes if attribute == "style" or attribute.startswith("on")]


@every_page
def test_every_link_leads_somewhere(name: str) -> None:
    found = {page: read_page(html) for page, html in _html().items()}
    places = {"docs": {"": "docs", "docs": "docs", "docs/errors": "errors", "openapi.json": None}}
    places["errors"] = {"": "errors", "../docs": "docs", "../docs/errors": "errors", "../openapi.json": None}
    for link in found[name].links:
        if link.startswith("data:"):
            continue
        path, _, anchor = link.partition("#")
        assert path in places[name], link
        if anchor:
            there = places[name][path]
            assert there is not None
            assert anchor in found[there].ids, link
