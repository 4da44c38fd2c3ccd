"""Somebody who has a payment link, and a browser that knows neither cookies nor scripts."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.running import Caller

Thing = dict[str, Any]


def new_link(alice: Caller, **of: Any) -> Thing:
    """A link."""
    answer = alice.post("/billing/payment_links", of)
    assert answer.status_code == 201, answer.text
    link: Thing = answer.json()
    return link


class Page(HTMLParser):
    """A page as it arrived: its text, its links and the fields of its forms."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.status, self.headers, self.html = answer.status_code, answer.headers, answer.text
        self.path = answer.url.path
        self.links: list[str] = []
        self.forms: list[list[dict[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps what can be followed or pressed."""
        found = dict(attrs)
        if tag == "a":
            self.links.append(found["href"] or "")
        if tag == "form":
            self.forms.append([])
        if tag in ("input", "button") and self.forms:
            self.forms[-1].append({"tag": tag, **found})

    def handle_data(self, data: str) -> None:
        """Keeps what can be read."""
        self._words.append(data)

    @property
    def text(self) -> str:
        """What can be read, with one space between words."""
        return re.sub(r"\s+", " ", " ".join(self._words)).strip()

    @property
    def answer(self) -> str:
        """The large figure."""
        match = re.search(r'<p class="answer">(.*?)</p>', self.html)
        return re.sub(r"<[^>]+>", "", match[1]).replace("\N{NO-BREAK SPACE}", " ") if match else ""


class Visitor:
    """Whoever opens a link."""

    def __init__(self, base: str, url: str, **headers: str) -> None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.http = httpx.Client(base_url=base, headers=sent, timeout=30, verify=False, follow_redirects=True)
        self.url = url

    def __del__(self) -> None:
        self.http.close()

    def look(self, below: str = "") -> Page:
        """GET of the page, or of one below it."""
        return Page(self.http.get(self.url + below))

    def press(
        self, page: Page, form: int = 0, button: str | None = None, tick: list[str] | None = None, **typed: str
    ) -> Page:
        """Sends a form of a page as it stands, but for what is ticked and typed; with the button of this value."""
        sent: list[tuple[str, str]] = []
        for field in page.forms[form]:
            name, value = field.get("name") or "", field.get("value") or ""
            if field["tag"] == "button":
                if name and value == button:
                    sent.append((name, value))
            elif field.get("type") == "checkbox":
                if value in tick if tick is not None else "checked" in field:
                    sent.append((name, value))
            else:
                sent.append((name, typed.get(name.replace("-", "_"), value)))
        return Page(
            self.http.post(
                page.path,
                content=urlencode(sent),
                headers={"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
            )
        )

    def begin(self, by: str = "test", page: Page | None = None, **chosen: Any) -> Page:
        """Chooses, confirms, and stands where it is to be paid."""
        confirm = self.press(page or self.look(), **chosen)
        assert confirm.status == 200, confirm.text
        return self.press(confirm, button=by)
