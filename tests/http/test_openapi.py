"""The OpenAPI document, held against the server by somebody who knows nothing else of it."""

import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.conftest import Merchant
from tests.running import RunningServer

CASES_MIN = 2_000


def attack(server: RunningServer, merchant: Merchant, folder: Path, *options: str) -> str:
    """Runs schemathesis against the server; its report. Raises where it found anything."""
    # 412 is a rejection too: where the condition does not hold, nobody looks at what was to be changed.
    statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422]
    (folder / "schemathesis.toml").write_text(f"[checks.negative_data_rejection]\nexpected-statuses = {statuses}\n")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{server.base}/openapi.json",
            "--header",
            f"Authorization: Bearer {merchant.key()}",
            # A body may fit the schema and still contradict itself (a minimum above its maximum), or its key may
            # have been used for another: those refusals are right, and in the document.
            "--exclude-checks",
            "positive_data_acceptance",
            "--continue-on-failure",
            "--no-color",
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_no_answer_is_a_5xx_or_outside_the_document(server: RunningServer, merchant: Merchant, tmp_path: Path) -> None:
    report = attack(server, merchant, tmp_path, "--phases", "examples,coverage", "--generation-deterministic")
    cases = re.search(r"([\d,]+) generated", report)
    assert cases
    assert int(cases[1].replace(",", "")) >= CASES_MIN


def test_every_problem_in_the_document_has_its_example(server: RunningServer) -> None:
    document = httpx.get(f"{server.base}/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                where = f"{method} {path} {status}"
                assert "Request-Id" in response["headers"], where
                if status >= "400":
                    content = response["content"]["application/problem+json"]
                    assert content["examples"], where
                    for code, example in content["examples"].items():
                        assert (example["value"]["status"], example["value"]["code"]) == (int(status), code), where


def test_every_route_of_the_api_is_in_the_document(server: RunningServer) -> None:
    document = httpx.get(f"{server.base}/openapi.json").json()
    page = httpx.get(f"{server.base}/docs").text.replace("<wbr>", "")
    for path in document["paths"]:
        assert path in page
