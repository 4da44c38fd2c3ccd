"""Paying in a browser: on a phone and on a desk, in light and dark, from right to left, with scripts and without."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.resources.payment_links.visiting import new_link
from tests.running import Caller

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")]

PYTHON = Path(sys.executable).parents[1] / "browser" / "bin" / "python"
"""Where `make soak` puts what drives a browser."""

NAMES = (
    "Jane Doe",
    "محمد بن عبد الله",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "ธนาคารแห่งประเทศไทย",
    "株式会社東京電力",
)

STORIES = (
    {"width": 360, "scheme": "light", "language": "en", "script": False},
    {"width": 360, "scheme": "dark", "language": "ar", "script": True},
    {"width": 360, "scheme": "light", "language": "de", "script": True},
    {"width": 1280, "scheme": "light", "language": "fr", "script": True},
    {"width": 1280, "scheme": "dark", "language": "ar", "script": False},
)


@pytest.fixture
def chromium() -> str:
    """Where it is; the test is skipped where it is nowhere."""
    if not PYTHON.exists():
        pytest.skip("this checkout has no .venv/browser; make soak makes it")
    return shutil.which("chromium") or shutil.which("chromium-browser") or pytest.skip("this machine has no chromium")


def test_somebody_pays(alice: Caller, chromium: str) -> None:
    today, base = datetime.now(UTC).date(), str(alice.http.base_url).rstrip("/")
    stories: list[dict[str, Any]] = []
    for name, story in zip(NAMES, STORIES, strict=True):
        customer = alice.register_customer(name=name).json()
        for amount, days in ((9_007_199_254_000_000, -40), (124_000, -3), (45_000, 12)):
            dates = {"bill_date": str(today - timedelta(days=90)), "due_date": str(today + timedelta(days=days))}
            alice.make_bill(customer=customer["id"], amount_due=amount, **dates)
        link = new_link(alice, customer=customer["id"], show="names")
        stories.append({**story, "url": f"{base}{link['url']}", "customer": customer["id"]})
    done = subprocess.run(
        [PYTHON, Path(__file__).parent / "visit.py", chromium],
        input=json.dumps(stories),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for story, seen in zip(stories, json.loads(done.stdout), strict=True):
        told = f"{story} {seen}"
        [payment] = alice.everything("/billing/payments", customer=str(story["customer"]))
        assert payment["amount"] == 9_007_199_254_124_000, told
        assert payment["id"] in seen["receipt"], told
        assert [url for url in seen["asked"] if not url.startswith(f"{base}/")] == [], "no request leaves this server"
        assert (seen["findings"], seen["too_wide"], seen["said"], seen["cookies"]) == ([], [], [], 0), told
        assert seen["direction"] == ("rtl" if story["language"] == "ar" else "ltr"), told
