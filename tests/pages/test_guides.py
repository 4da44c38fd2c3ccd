"""GET /docs/guides and below."""

import json
import subprocess
from pathlib import Path

from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.pages.frame import ASSETS, ORIGIN
from dues.pages.guides import contents_page, guide_page, guides
from dues.pages.guides.markdown import rendered
from dues.pages.guides.search import search_index
from tests.pages.page import read_page
from tests.running import NODE


def test_every_guide_is_listed_with_what_it_is_about() -> None:
    page = read_page(contents_page())
    assert len(guides()) > 15
    for guide in guides().values():
        assert f"..{guide.path}" in page.links
        assert guide.text.title in page.text
        assert guide.text.summary in page.text


def test_a_guide_has_its_text_and_its_code() -> None:
    page = read_page(guide_page(guides()["guides/behind-a-proxy.md"]))
    configuration = next(code for caption, code, _ in page.figures if caption == "nginx")
    assert "proxy_pass http://dues;" in configuration
    assert "127.0.0.1:8080" in configuration
    assert "haproxy" in page.ids


def test_where_the_server_is_follows_the_request_in_calls_but_not_in_configurations() -> None:
    source = "# A\n\nOpen http://127.0.0.1:8080/docs.\n\n```sh\ncurl http://127.0.0.1:8080/x\n```\n\n"
    html = rendered(source + "```apache\nProxyPass / http://127.0.0.1:8080/\n```\n", lambda target: target).html
    assert html.count(ORIGIN) == 2
    assert "ProxyPass / http://127.0.0.1:8080/" in html


def test_a_link_to_what_no_server_has_is_text() -> None:
    text = rendered("# A\n\n[gone](../x.md), [there](y.md), <b>bold</b>\n", {"y.md": "../y"}.get)
    assert "gone, " in text.html
    assert '<a href="../y">there</a>' in text.html
    assert "&lt;b&gt;" in text.html


def test_a_document_is_told_apart_by_its_headings() -> None:
    text = rendered("<!-- written -->\n# The title\n\nFirst.\n\n## A `part`, of it\n\nSecond\nline.\n", str)
    assert (text.title, text.summary) == ("The title", "First.")
    assert text.headings == [(1, "the-title", "The title"), (2, "a-part-of-it", "A part, of it")]
    assert text.sections == [("the-title", "The title", "First."), ("a-part-of-it", "A part, of it", "Second line.")]
    assert '<h2 id="a-part-of-it">' in text.html


SEARCHED = """
const fs = require("fs");
const made = () => ({ append() {}, replaceChildren(...all) { this.all = all; } });
const found = made(), field = { dataset: { root: "../" }, addEventListener(_, listener) { this.listener = listener; } };
const parts = { search: field, found, "search-box": {} };
globalThis.document = {
  getElementById: (id) => parts[id],
  createElement: (tag) => ({ tag, parts: [], append(...all) { this.parts.push(...all); } }),
};
globalThis.fetch = async () => ({ json: async () => JSON.parse(fs.readFileSync(process.argv[1], "utf8")) });
eval(fs.readFileSync(process.argv[2], "utf8"));
(async () => {
  const answers = [];
  for (const words of ["webhook signature", "REVERSE a payment", "overpayment_not_allowed", "nginx", "qqqq"]) {
    field.value = words;
    await field.listener();
    answers.push((found.all || []).map((item) => item.parts[0].href));
  }
  console.log(JSON.stringify(answers));
})();
"""


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    index, script = tmp_path / "search.json", tmp_path / "search.js"
    index.write_bytes(search_index(document("/docs"), PROBLEM_TYPES))
    script.write_bytes(ASSETS["search"].body)
    done = subprocess.run([NODE, "-e", SEARCHED, index, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    signature, reverse, error, nginx, nothing = json.loads(done.stdout)
    assert any(link.startswith("../docs/guides/receive-webhooks#") for link in signature)
    assert reverse[0] == "../docs#reverse_payment"
    assert error[0] == "../docs/errors#overpayment_not_allowed"
    assert nginx[0] == "../docs/guides/behind-a-proxy#nginx"
    assert nothing == []


def test_what_is_found_is_there() -> None:
    for entry in json.loads(search_index(document("/docs"), PROBLEM_TYPES)):
        path, _, anchor = entry["path"].partition("#")
        for guide in guides().values():
            if guide.path == f"/{path}":
                assert anchor in {there for _, there, _ in guide.text.headings}


def test_scripts_are_short() -> None:
    lines = sum(len(asset.body.splitlines()) for asset in ASSETS.values() if asset.name.endswith(".js"))
    assert lines <= 150
    assert len(ASSETS["search"].body.splitlines()) <= 100
    assert len(ASSETS["style"].body.splitlines()) < 400
