"""Signatures, as the verifiers that receivers install see them: the Python one and the JavaScript one."""

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from dues.webhooks.signing import new_secret, signed_headers
from tests.running import NODE

VERIFIER = Path(__file__).parent / "javascript" / "verify.cjs"
BODY = '{"id":"evt_1","type":"obligation.amount_applied","data":{"note":"Zoë’s 東京 \\u0000 😀"}}'.encode()
SECRET, OLD, OTHER = new_secret(), new_secret(), new_secret()


@dataclass(frozen=True)
class Received:
    """A webhook as it arrives, and the secret that its receiver holds."""

    headers: dict[str, str]
    secret: str = SECRET
    body: bytes = BODY


def signed(*secrets: str, age: timedelta = timedelta()) -> Received:
    """One that was signed with these secrets, so long ago."""
    return Received(signed_headers(secrets or (SECRET,), "evt_1", datetime.now(UTC) - age, BODY))


def altered(received: Received, **headers: str) -> Received:
    """The same with other headers."""
    return replace(received, headers=received.headers | {f"webhook-{name}": text for name, text in headers.items()})


TOKYO = timezone(timedelta(hours=9))

GENUINE: dict[str, Callable[[], Received]] = {
    "one signature": lambda: signed(),
    "rotated, the new secret": lambda: signed(SECRET, OLD),
    "rotated, the old secret": lambda: replace(signed(SECRET, OLD), secret=OLD),
    "signed by a clock elsewhere": lambda: Received(signed_headers([SECRET], "evt_1", datetime.now(TOKYO), BODY)),
    "four minutes late": lambda: signed(age=timedelta(minutes=4)),
}

FORGED: dict[str, Callable[[], Received]] = {
    "a tampered body": lambda: replace(signed(), body=BODY.replace(b"evt_1", b"evt_2")),
    "white space in the body": lambda: replace(signed(), body=BODY + b" "),
    "an old one": lambda: signed(age=timedelta(minutes=6)),
    "one from the future": lambda: signed(age=timedelta(minutes=-6)),
    "an old one that calls itself new": lambda: altered(
        signed(age=timedelta(minutes=6)), timestamp=str(int(datetime.now(UTC).timestamp()))
    ),
    "another's id": lambda: altered(signed(), id="evt_2"),
    "a stranger's secret": lambda: replace(signed(), secret=OTHER),
    "a secret that was rotated away": lambda: replace(signed(SECRET, OLD), secret=OTHER),
    "no signature": lambda: altered(signed(), signature=""),
}


@pytest.fixture(scope="module")
def javascript() -> dict[str, str]:
    """What the JavaScript verifier says of each: one process for all."""
    everything = {name: make() for name, make in (GENUINE | FORGED).items()}
    asked = [{"secret": one.secret, "headers": one.headers, "body": one.body.decode()} for one in everything.values()]
    node = [NODE, str(VERIFIER)]
    ran = subprocess.run(node, input=json.dumps(asked), capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    return dict(zip(everything, json.loads(ran.stdout), strict=True))


@pytest.mark.parametrize("name", GENUINE)
def test_python_receivers_accept(name: str) -> None:
    received = GENUINE[name]()
    assert Webhook(received.secret).verify(received.body, received.headers) == json.loads(BODY)


@pytest.mark.parametrize("name", FORGED)
def test_python_receivers_reject(name: str) -> None:
    received = FORGED[name]()
    with pytest.raises(WebhookVerificationError):
        Webhook(received.secret).verify(received.body, received.headers)


@pytest.mark.parametrize("name", GENUINE)
def test_javascript_receivers_accept(name: str, javascript: dict[str, str]) -> None:
    assert javascript[name] == "genuine"


@pytest.mark.parametrize("name", FORGED)
def test_javascript_receivers_reject(name: str, javascript: dict[str, str]) -> None:
    assert javascript[name] != "genuine"


def test_javascript_says_why_it_rejects(javascript: dict[str, str]) -> None:
    assert "too old" in javascript["an old one"]
    assert "No matching signature" in javascript["a tampered body"]


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_attempt_is_signed_afresh() -> None:
    first, second = signed(age=timedelta(seconds=5)).headers, signed().headers
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]
    assert first["webhook-signature"] != second["webhook-signature"]


def test_a_secret_is_24_random_bytes_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) for one in secrets} == {24}
