"""Pages for whoever is not let in yet: logging in, and joining by an invitation."""

from collections.abc import Mapping

import segno

from dues.domain.people import MOVES_MONEY, PASSWORD_LENGTH_MIN
from dues.pages.desk import show_outside
from dues.pages.frame.markup import Html, element
from dues.pages.look import button, field, headline, wrongs
from dues.tenants.people.store import Invitation

_WRONG = "There is something to correct"


def login_page(email: str = "", problem: str | None = None) -> bytes:
    """Asks who somebody is."""
    faults = {"email": problem} if problem else {}
    return show_outside(
        "Log in",
        "",
        wrongs(_WRONG, faults),
        element(
            "form",
            element("h1", "Log in"),
            field("E-mail address", "email", email, type="email", autocomplete="username", maxlength="254"),
            field("Password", "password", type="password", autocomplete="current-password", maxlength="256"),
            field(
                "Code",
                "code",
                hint="Six digits, from the app on your phone. Empty, if you have none.",
                inputmode="numeric",
                autocomplete="one-time-code",
                maxlength="12",
            ),
            button("Log in"),
            method="post",
        ),
    )


def join_page(invitation: Invitation, totp_secret: str, typed: Mapping[str, str], faults: Mapping[str, str]) -> bytes:
    """Asks whoever is invited for a name, a password and, where their role moves money, a first code."""
    codes = _codes(invitation, totp_secret, faults.get("code")) if invitation.role in MOVES_MONEY else []
    address = f", with the address {invitation.email}" if invitation.email else ""
    about = element("p", f"You are invited to the desk as {invitation.role}{address}.")
    email = field(
        "Your e-mail address",
        "email",
        typed.get("email", ""),
        error=faults.get("email"),
        type="email",
        autocomplete="username",
        maxlength="254",
    )
    return show_outside(
        "Join",
        "../",
        wrongs(_WRONG, faults),
        headline("Join", invitation.merchant, about),
        element(
            "form",
            None if invitation.email else email,
            field(
                "Your name",
                "name",
                typed.get("name", ""),
                error=faults.get("name"),
                autocomplete="name",
                maxlength="100",
            ),
            field(
                "A password",
                "password",
                hint=f"At least {PASSWORD_LENGTH_MIN} characters. A sentence is good.",
                error=faults.get("password"),
                type="password",
                autocomplete="new-password",
                maxlength="256",
            ),
            *codes,
            button("Join"),
            method="post",
        ),
    )


def not_invited_page() -> bytes:
    """The same for every link that leads nowhere, whyever it does not."""
    text = element("p", "The link was used, is too old, or was never there. Ask for another one.")
    return show_outside("This link leads nowhere", "../", headline("404", "This link leads nowhere", text))


def _codes(invitation: Invitation, totp_secret: str, error: str | None) -> list[Html]:
    secret = f"otpauth://totp/dues:{invitation.email or invitation.merchant_id}?secret={totp_secret}&issuer=dues"
    code = segno.make(secret, error="m", micro=False)
    picture = code.svg_inline(scale=4, border=4, omitsize=True, svgclass=None, lineclass=None)
    return [
        element("h2", "A second key"),
        element("p", "Your role moves money, so a password is not enough. Scan this with an app for codes."),
        element("div", Html(picture), class_="qr", role="img", aria_label="The secret of your codes"),
        element("p", "Or type: ", element("span", totp_secret, class_="secret")),
        element("input", type="hidden", name="totp_secret", value=totp_secret),
        field(
            "Code",
            "code",
            hint="Six digits, as the app shows them now.",
            error=error,
            inputmode="numeric",
            autocomplete="one-time-code",
            maxlength="12",
        ),
    ]
