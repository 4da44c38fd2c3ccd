"""The OpenAPI document, held against the server with random cases and with one call after another.

A file of its own: to work through every constraint of the document takes long enough (`test_openapi.py`).
"""

import os
import re
from pathlib import Path

import pytest

from tests.conftest import Merchant
from tests.http.test_openapi import attack
from tests.running import RunningServer

CASES_MIN = 120


@pytest.mark.slow
def test_no_answer_to_random_cases_is_a_5xx_or_outside_the_document(
    server: RunningServer, merchant: Merchant, tmp_path: Path
) -> None:
    options = ("--phases", "fuzzing,stateful", "--max-examples", "2", "--generation-deterministic")
    cases = re.search(r"([\d,]+) generated", attack(server, merchant, tmp_path, *options))
    assert cases
    assert int(cases[1].replace(",", "")) >= CASES_MIN


@pytest.mark.soak
@pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")
def test_nor_after_many_more_cases(server: RunningServer, merchant: Merchant, tmp_path: Path) -> None:
    attack(server, merchant, tmp_path, "--max-examples", "300", "--phases", "fuzzing")
