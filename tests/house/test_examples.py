"""Every example of the reference and of guides is run, in the order of its page, and answered as the page says."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Merchant
from tests.journeys.home import dues
from tests.running import Caller, new_key

DOCS = Path(__file__).parents[2] / "docs"

RESOURCES = sorted((DOCS / "reference" / "resources").glob("*.md"))

GUIDES = [page for page in sorted((DOCS / "guides").glob("*.md")) if "```http\n" in page.read_text()]

EXAMPLE = re.compile(r"```csv (\S+)\n(.*?)```|```sh\n(.*?)```|```http\n(.*?)```\s+```jsonl? (\d+)\n(.*?)```", re.DOTALL)

FILES = (".csv", ".hledger", ".beancount")

KEY = re.compile(r"\b[a-z]{2}_test_\w{20,}")


class Reader:
    """Somebody who does what a page says.

    `If-Match: "…"` is the `ETag` of the last answer to a GET; `Authorization: Bearer ck_test_…` has the key that the
    last command printed.
    """

    def __init__(self, merchant: Merchant, database_url: str, folder: Path) -> None:
        self._merchant = merchant
        self._database_url = database_url
        self._folder = folder
        self._caller: Caller = merchant.caller()
        self._seen = self._printed = ""

    def send(self, request: str) -> httpx.Response:
        """Sends a request as it is written on the page."""
        head, _, body = request.partition("\n\n")
        line, *headers = head.strip().splitlines()
        method, path = line.split(" ", 1)
        sent = dict(header.split(": ", 1) for header in headers)
        if method == "POST":
            sent = {"Idempotency-Key": new_key()} | sent
        if sent.get("If-Match") == '"…"':
            sent["If-Match"] = self._seen
        if "Authorization" in sent:
            sent["Authorization"] = f"Bearer {self._printed}"
        if body.strip():
            sent.setdefault("Content-Type", "application/json")
        answer = self._caller.http.request(method, path, content=body.strip(), headers=sent)
        if method == "GET":
            self._seen = answer.headers.get("ETag", "")
        return answer

    def save(self, name: str, content: str) -> None:
        """Saves a file under the name that the page gives it."""
        (self._folder / name).write_text(content)

    def run(self, command: str) -> None:
        """Runs a command of `dues` as it is written on the page, on the test's database and for its merchant.

        Its files are the reader's. One that only tries may find something wrong."""
        _, *words = shlex.split(command.replace("\\\n", " "))
        words = [str(self._folder / word) if word.endswith(FILES) else word for word in words]
        done = dues(*words, database_url=self._database_url, merchant=self._merchant.id)
        assert done.returncode == (1 if "--dry-run" in words else 0), f"{command}\n{done.stdout}{done.stderr}"
        self._printed = (KEY.findall(done.stdout) or [self._printed])[-1]


def examples(page: Path) -> Iterator[tuple[str, str, int, Any]]:
    """(command, "", 0, None) or ("", request, status, answer) of each example; ("> name", text, 0, None) of a file."""
    text = page.read_text()
    found = EXAMPLE.findall(text)
    assert sum(bool(request) for _, _, _, request, _, _ in found) == text.count("```http") > 0, (
        "an example without its answer"
    )
    for name, content, command, request, status, answer in found:
        if name:
            yield f"> {name}", content, 0, None
            continue
        yield command, request, int(status or 0), read(answer or "null", lines="jsonl" in request)


def read(text: str, *, lines: bool) -> Any:
    """The JSON of an answer, or of each of its lines."""
    return [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)


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


@pytest.mark.parametrize("page", RESOURCES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_are_answered_as_it_says(
    page: Path, merchant: Merchant, database_url: str, tmp_path: Path
) -> None:
    follow(Reader(merchant, database_url, tmp_path), page)


@pytest.mark.slow
def test_the_guides_are_answered_as_they_say_one_after_the_other(
    merchant: Merchant, database_url: str, tmp_path: Path
) -> None:
    """By one merchant: who follows one guide can follow the next. One reads all that ever happened: it comes first."""
    reader = Reader(merchant, database_url, tmp_path)
    for page in sorted(GUIDES, key=lambda page: page.stem != "replay-what-you-missed"):
        follow(reader, page)


def follow(reader: Reader, page: Path) -> None:
    """Does what a page says, and holds the answers to it."""
    for command, request, status, written in examples(page):
        if command.startswith("> "):
            reader.save(command.removeprefix("> "), request)
            continue
        if command:
            reader.run(command)
            continue
        answer = reader.send(request)
        assert answer.status_code == status, f"{page.stem}: {request}\n{answer.text}"
        actual = read(answer.text, lines="jsonl" in answer.headers["content-type"])
        assert is_as_written(actual, written), f"{page.stem}: {request}\n{answer.text}"
