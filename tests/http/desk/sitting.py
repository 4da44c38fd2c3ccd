"""Somebody at the desk: a browser that keeps cookies, sends forms as browsers do, and knows no script."""

from typing import Any
from urllib.parse import urlencode, urljoin

import httpx
from pyotp import TOTP

from dues.db.database import Database
from dues.domain.people import MOVES_MONEY, Role
from dues.tenants.people.letting_in import STEP_SECONDS, invite
from tests.conftest import Ask, Merchant
from tests.resources.payment_links.visiting import Page
from tests.running import new_reference

PASSWORD = "a sentence is good"


class Sitter:
    """Who sits there, once `join` is done."""

    def __init__(self, base: str, email: str) -> None:
        self.http = httpx.Client(base_url=base, timeout=30, follow_redirects=True)
        self.email, self.secret = email, ""

    def __del__(self) -> None:
        self.http.close()

    def look(self, path: str = "/desk") -> Page:
        """GET of a page."""
        return Page(self.http.get(path))

    def send(self, path: str, site: str = "same-origin", **fields: str) -> Page:
        """A form, with these fields."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": site}
        return Page(self.http.post(path, content=urlencode(fields), headers=headers))

    def fill(self, page: Page, **typed: str) -> Page:
        """Sends the form of a page as it stands, but for what is typed."""
        fields = {str(one["name"]): one.get("value") or "" for one in page.forms[-1] if one.get("name")}
        return self.send(page.path, **{**fields, **typed})

    def follow(self, page: Page, text: str) -> Page:
        """Presses a link by its text."""
        at = page.html.index(f">{text}</a>")
        href = page.html[:at].rpartition('href="')[2].partition('"')[0]
        return self.look(urljoin(page.path, href.replace("&amp;", "&")))

    def join(self, token: str, name: str = "Thandi") -> Page:
        """Comes in by an invitation."""
        page = self.look(f"/desk/join/{token}")
        typed = {"name": name, "password": PASSWORD}
        for one in page.forms[-1]:
            if one.get("name") == "totp_secret":
                self.secret = str(one["value"])
                typed["code"] = TOTP(self.secret).now()
        return self.fill(page, **typed)

    def code(self, later: int = 0) -> str:
        """What the app shows, so many steps from now."""
        import time

        return TOTP(self.secret).at(int(time.time()) + later * STEP_SECONDS)

    def login(self, password: str = PASSWORD, code: str = "", email: str | None = None) -> Page:
        """Logs in."""
        return self.send("/desk/login", email=email or self.email, password=password, code=code)


def seat_of(merchant: Merchant, ask: Ask[Any], role: Role = "accountant", test: bool = True) -> Sitter:
    """Somebody who has just joined, in test mode."""
    email = f"{new_reference('p').lower()}@example.com"

    async def make(database: Database) -> str:
        return await invite(database, merchant.id, email, role)

    sitter = Sitter(merchant.base, email)
    page = sitter.join(ask(make))
    assert page.status == 200, page.text
    assert bool(sitter.secret) == (role in MOVES_MONEY)
    if test:
        sitter.send("/desk/mode", mode="test")
    return sitter
