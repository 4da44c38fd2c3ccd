"""What is said of a key on the command line: nonsense is refused, and told what there is."""

from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from dues.cli.keys import app
from dues.cli.restrictions import parse_duration, restrictions_json, restrictions_of
from dues.domain.rate_limits import RateLimit
from dues.resources.api import SCOPES


def test_what_is_said_is_shown_by_the_same_names() -> None:
    only = restrictions_of("bills:read, payments:*,bills:read", "10.0.0.0/8,::1", 100, 500)
    assert restrictions_json(RateLimit(100, 1), only) == {
        "rate_limit": "100/s",
        "allow": ["bills:read", "payments:*"],
        "from": ["10.0.0.0/8", "::1/128"],
        "max_amount": 100,
        "max_per_day": 500,
    }
    assert restrictions_json(None, None) == {}


@pytest.mark.parametrize(
    ("allow", "addresses", "says"),
    [
        ("bills:reed", None, "bills:reed: no such scope. There are customers:create, "),
        ("*", None, "payments:*"),
        (" , ", None, "names no scope"),
        (None, "10.0.0.1/8", "10.0.0.1/8 has host bits set"),
        (None, "office", "office"),
        (None, ",", "names no address"),
    ],
)
def test_nonsense_is_refused(allow: str | None, addresses: str | None, says: str) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        restrictions_of(allow, addresses, None, None)
    assert says in str(caught.value)


def test_a_time_is_a_number_of_days_hours_or_minutes() -> None:
    assert [parse_duration(text) for text in ("90d", "12h", "30m")] == [
        timedelta(days=90),
        timedelta(hours=12),
        timedelta(minutes=30),
    ]
    for text in ("90", "0d", "-1d", "1w", "1.5h", ""):
        with pytest.raises(typer.BadParameter):
            parse_duration(text)


@pytest.mark.parametrize(
    "words",
    [
        ["create", "--rate-limit", "100"],
        ["create", "--expires", "soon"],
        ["create", "--expires", "1d", "--expires-in-days", "1"],
        ["create", "--max-amount", "0"],
        ["set", "key_1"],
        ["set", "key_1", "--rate-limit", "1/s", "--no-rate-limit"],
    ],
)
def test_options_that_make_no_sense_end_it_before_anything_is_made(words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == 2


def test_scopes_are_listed() -> None:
    assert CliRunner().invoke(app, ["scopes"]).output.split() == [*SCOPES]
