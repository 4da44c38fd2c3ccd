"""Who is let in at the desk: invitations, logging in and out, the mode, and a cookie that no script reads.

A form is taken from our own pages alone: browsers say where it was sent from. The cookie is for this host, for requests
of its own pages, and over TLS, where the server is reached by that.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pyotp import random_base32

from dues.domain.people import (
    LOGGED_IN_MAX,
    MOVES_MONEY,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    read_email,
)
from dues.http.context import Context
from dues.http.documents import origin_of
from dues.http.exchange import Exchange
from dues.http.pay_answers import POLICY
from dues.http.pay_forms import said
from dues.http.problems import Reply
from dues.pages.desk.outside import join_page, login_page, not_invited_page
from dues.tenants.people.letting_in import Joining, LettingIn, TooManyTries, step_of
from dues.tenants.people.sessions.store import Session, save_ended

_HEADERS: Final = (
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

_SECURE: Final = "__Host-dues"

_PLAIN: Final = "dues_desk"
"""Where the server is reached without TLS, which browsers take no `__Host-` cookie over."""

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def html(body: bytes, status: int = 200, *more: tuple[bytes, bytes]) -> Reply:
    """A page."""
    return Reply(status, body, b"text/html; charset=utf-8", [*_HEADERS, *more])


def see_other(where: str, *more: tuple[bytes, bytes]) -> Reply:
    """On to another page of the desk, which is looked at with GET."""
    return html(b"", 303, (b"location", where.encode()), *more)


class Doors:
    """Lets people in and out."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._letting_in = LettingIn(context.database, context.outgoing.secret_keys)

    async def session(self, exchange: Exchange) -> Session | None:
        """Whose exchange it is."""
        cookies = (exchange.header(b"cookie") or b"").decode("latin-1").split(";")
        sent = dict(one.strip().partition("=")[::2] for one in cookies)
        token = sent.get(self._cookie_name(exchange), "")
        return await self._letting_in.session(token) if token else None

    def is_own(self, exchange: Exchange) -> bool:
        """Whether a form was sent from one of our own pages."""
        if site := exchange.header(b"sec-fetch-site"):
            return site == b"same-origin"
        ours = (self._context.public_url or origin_of(exchange)).encode()
        origin = exchange.header(b"origin") or b""
        return bool(origin) and (ours == origin or ours.startswith(origin + b"/"))

    def _is_secure(self, exchange: Exchange) -> bool:
        return (self._context.public_url or origin_of(exchange)).startswith("https:")

    def _cookie_name(self, exchange: Exchange) -> str:
        return _SECURE if self._is_secure(exchange) else _PLAIN

    def _cookie(self, exchange: Exchange, token: str, seconds: int) -> tuple[bytes, bytes]:
        secure = "; Secure" if self._is_secure(exchange) else ""
        value = f"{self._cookie_name(exchange)}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
        return b"set-cookie", value.encode()

    def _let_in(self, exchange: Exchange, person_id: str, token: str) -> Reply:
        exchange.key_id = person_id
        return see_other(
            f"{root_of(exchange)}../desk", self._cookie(exchange, token, int(LOGGED_IN_MAX.total_seconds()))
        )

    # Logging in and out ------------------------------------------------------------------------------------------

    async def login_form(self, _exchange: Exchange) -> Reply:
        """GET /desk/login."""
        return html(login_page())

    async def login(self, exchange: Exchange) -> Reply:
        """POST /desk/login."""
        if not self.is_own(exchange):
            return html(login_page(), 403)
        form = exchange.form_body()
        typed, password = said(form, "email"), said(form, "password")
        email = read_email(typed) or typed.strip().lower()[:254]
        try:
            person = await self._letting_in.login(
                email, password[:PASSWORD_LENGTH_MAX], said(form, "code"), exchange.client
            )
        except TooManyTries as error:
            minutes = max(1, round(error.retry_seconds / 60))
            problem = f"There were too many tries. Try again in {minutes} minutes."
            return html(login_page(typed[:254], problem), 429, (b"retry-after", str(error.retry_seconds).encode()))
        if person is None:
            return html(login_page(typed[:254], "The address, the password or the code is wrong."), 401)
        token = await self._letting_in.begin(person, exchange.client, _browser(exchange))
        return self._let_in(exchange, person.id, token)

    async def logout(self, exchange: Exchange) -> Reply:
        """POST /desk/logout."""
        session = await self.session(exchange) if self.is_own(exchange) else None
        if session is not None:
            await save_ended(self._context.database, session.id, session.person.id, datetime.now(UTC))
        return see_other(f"{root_of(exchange)}login", self._cookie(exchange, "", 0))

    # Joining -----------------------------------------------------------------------------------------------------

    async def join_form(self, exchange: Exchange) -> Reply:
        """GET /desk/join/{token}."""
        invitation = await self._letting_in.invited(exchange.path_parameters["token"])
        if invitation is None:
            return html(not_invited_page(), 404)
        return html(join_page(invitation, random_base32(), {}, {}))

    async def join(self, exchange: Exchange) -> Reply:
        """POST /desk/join/{token}."""
        invitation = await self._letting_in.invited(exchange.path_parameters["token"])
        if invitation is None or not self.is_own(exchange):
            return html(not_invited_page(), 404)
        form = exchange.form_body()
        typed = {name: said(form, name) for name in ("email", "name", "password", "code", "totp_secret")}
        email = invitation.email or read_email(typed["email"])
        needs_code = invitation.role in MOVES_MONEY
        secret = typed["totp_secret"]
        if needs_code and not (len(secret) == 32 and set(secret) <= set(_BASE32)):
            secret, typed["code"] = random_base32(), ""
        if faults := _faults(typed, email, secret if needs_code else None):
            return html(join_page(invitation, secret, typed, faults), 422)
        assert email, "it was looked at with the faults"
        joining = Joining(
            email, typed["name"].strip(), typed["password"], secret if needs_code else None, typed["code"]
        )
        person = await self._letting_in.join(invitation, joining)
        if person is None:
            return html(not_invited_page(), 409)
        token = await self._letting_in.begin(person, exchange.client, _browser(exchange))
        return self._let_in(exchange, person.id, token)


def _faults(typed: Mapping[str, str], email: str | None, secret: str | None) -> dict[str, str]:
    faults = {}
    if email is None:
        faults["email"] = "Write an e-mail address, such as jane@example.com."
    name = typed["name"].strip()
    if not name or len(name) > 100 or not name.isprintable():
        faults["name"] = "Write your name, as others here know you."
    if not PASSWORD_LENGTH_MIN <= len(typed["password"]) <= PASSWORD_LENGTH_MAX:
        faults["password"] = f"Take at least {PASSWORD_LENGTH_MIN} characters."
    if secret is not None and step_of(secret, typed["code"], datetime.now(UTC)) is None:
        faults["code"] = "The code is not the one that the app shows now. Scan the picture, then type the six digits."
    return faults


def _browser(exchange: Exchange) -> str:
    agent = (exchange.header(b"user-agent") or b"").decode("latin-1")
    known = ("Firefox", "Edg", "OPR", "Chrome", "Safari")
    name = next((one for one in known if one in agent), "A browser").replace("Edg", "Edge").replace("OPR", "Opera")
    system = next((one for one in ("Windows", "Android", "iPhone", "Mac OS", "Linux") if one in agent), "")
    return f"{name} on {system}" if system else name


def root_of(exchange: Exchange) -> str:
    """The way to what is below the desk, from wherever at it or below it somebody is."""
    depth = exchange.path.partition("/desk")[2].count("/")
    return "desk/" if depth == 0 else "./" if depth == 1 else "../" * (depth - 1)
