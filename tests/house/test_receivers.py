"""The programs in the guides on events do what the guides say, with `dues listen` sending to them."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dues.webhooks.signing import new_secret
from tests.conftest import Merchant
from tests.journeys.own_database import until
from tests.running import NODE, free_port

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"

NODE_MODULES = ROOT / "tests" / "webhooks" / "javascript" / "node_modules"


def program(guide: str, language: str) -> str:
    """The first program in this language of a guide."""
    found = re.search(rf"```{language}\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL)
    assert found
    return found[1]


@contextmanager
def running(command: Sequence[str], **environment: str) -> Iterator[Callable[[], str]]:
    """A program, ended at the end; what it has printed so far."""
    with tempfile.NamedTemporaryFile("w+") as printed:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=printed, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield Path(printed.name).read_text
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def listening(merchant: Merchant, database_url: str, *options: str) -> Iterator[Callable[[], str]]:
    """`dues listen` on a merchant's test data."""
    command = [sys.executable, "-m", "dues", "listen", "--merchant", merchant.id, *options]
    with running(command, DUES_DATABASE_URL=database_url, PYTHONUNBUFFERED="1") as read:
        yield read


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_receiver_prints_each_event_once(
    language: str, merchant: Merchant, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / {"python": "receiver.py", "javascript": "receiver.cjs"}[language]
    file.write_text(program("receive-webhooks.md", language))
    command = [sys.executable, str(file)] if language == "python" else [NODE, str(file)]
    secret, port = new_secret(), free_port()
    settings = {"WEBHOOK_SECRET": secret, "PORT": str(port), "NODE_PATH": str(NODE_MODULES)}
    merchant.caller().register_customer()
    before = merchant.caller().get("/billing/events").json()["data"][0]["id"]
    url = f"http://127.0.0.1:{port}/webhooks"
    options = ["--forward-to", url, "--secret", secret, "--after", before]
    with running(command, **settings) as received, listening(merchant, database_url, *options):
        second = merchant.caller().register_customer().json()["id"]
        until(lambda: second in received(), 15)
        # Again from there, as if the answer had been lost.
        with listening(merchant, database_url, *options) as told:
            until(lambda: second in told(), 15)
        told_of = [line for line in received().splitlines() if "customer.created" in line]
        assert told_of == [f"customer.created {second}"], "neither what was before nor anything twice"


def test_a_receiver_takes_nothing_that_is_signed_by_others(
    merchant: Merchant, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "receiver.py"
    file.write_text(program("receive-webhooks.md", "python"))
    port = free_port()
    url = f"http://127.0.0.1:{port}/webhooks"
    merchant.caller().register_customer()
    before = merchant.caller().get("/billing/events").json()["data"][0]["id"]
    options = ["--forward-to", url, "--secret", new_secret(), "--after", before]
    with (
        running([sys.executable, str(file)], WEBHOOK_SECRET=new_secret(), PORT=str(port)) as received,
        listening(merchant, database_url, *options) as told,
    ):
        merchant.caller().register_customer()
        until(lambda: "was not taken (400)" in told(), 15)
        assert "customer.created" not in received()


def test_the_follower_goes_on_where_it_was(merchant: Merchant, tmp_path: Path) -> None:
    file = tmp_path / "follower.py"
    file.write_text(program("replay-what-you-missed.md", "python"))
    settings = {"DUES_URL": merchant.base, "DUES_KEY": merchant.key(), "CURSOR_FILE": str(tmp_path / "cursor")}
    with running([sys.executable, str(file)], **settings) as followed:
        first = merchant.caller().register_customer().json()["id"]
        until(lambda: first in followed(), 15)
        time.sleep(0.2)
    second = merchant.caller().register_customer().json()["id"]
    with running([sys.executable, str(file)], **settings) as followed:
        until(lambda: second in followed(), 15)
        assert followed().split() == ["customer.created", second, "1"]


def test_the_copy_of_the_reconciling_guide_is_right_in_whatever_order_events_come() -> None:
    names: dict[str, object] = {}
    exec(program("reconcile-from-the-feed.md", "python"), names)
    apply = names["apply"]
    copy: dict[str, object] = {}
    assert callable(apply)
    for sequence in (1, 3, 2, 3, 1):
        apply(copy, {"object_id": "bacc_1", "sequence": sequence, "data": {"balance": sequence}})
    assert copy == {"bacc_1": {"sequence": 3, "object": {"balance": 3}}}
