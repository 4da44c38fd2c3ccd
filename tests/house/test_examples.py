"""Examples are run: those of the reference and of guides that have any, in their order, answered as the page says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import Caller, new_key

DOCS = Path(__file__).parents[2] / "docs"

PAGES = [*sorted((DOCS / "reference" / "resources").glob("*.md")), DOCS / "guides" / "move-the-test-clock.md"]

EXAMPLE = re.compile(r"```http\n(.*?)```\s+```json (\d+)\n(.*?)```", re.DOTALL)


def examples(page: Path) -> Iterator[tuple[str, int, Any]]:
    """(request, status, answer) of each example."""
    text = page.read_text()
    found = EXAMPLE.findall(text)
    assert len(found) == text.count("```http") > 0, "an example without its answer"
    for request, status, answer in found:
        yield request, int(status), json.loads(answer)


def send(caller: Caller, request: str) -> Any:
    """Sends a request as it is written on the page."""
    head, _, body = request.partition("\n\n")
    line, *headers = head.strip().splitlines()
    method, path = line.split(" ", 1)
    sent = dict(header.split(": ", 1) for header in headers)
    if method == "POST":
        sent = {"Idempotency-Key": new_key()} | sent
    if body.strip():
        sent["Content-Type"] = "application/json"
    return caller.http.request(method, path, content=body.strip(), headers=sent)


def is_as_written(actual: Any, written: Any) -> bool:
    """Whether an answer is what the page says; … stands for whatever follows."""
    if isinstance(written, dict):
        return (
            isinstance(actual, dict)
            and actual.keys() == written.keys()
            and all(is_as_written(actual[name], value) for name, value in written.items())
        )
    if isinstance(written, list):
        return len(actual) == len(written) and all(map(is_as_written, actual, written))
    if isinstance(written, str) and written.endswith("…"):
        return isinstance(actual, str) and actual.startswith(written[:-1])
    return bool(actual == written and type(actual) is type(written))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_are_answered_as_it_says(page: Path, alice: Caller) -> None:
    for request, status, written in examples(page):
        answer = send(alice, request)
        assert answer.status_code == status, f"{request}\n{answer.text}"
        assert is_as_written(answer.json(), written), f"{request}\n{answer.text}"
