"""Imports as tests make them: sent by HTTP, carried out by the server; or in this process, where a test interferes."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.running import Caller, new_key

Import = dict[str, Any]


class Importing:
    """Somebody who sends files and waits for what becomes of them."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def send(self, text: str | bytes, key: str | None = None, **asked: str) -> Any:
        """POST /billing/imports."""
        content = text.encode() if isinstance(text, str) else text
        headers = {"Content-Type": "text/csv", "Idempotency-Key": key or new_key()}
        return self.caller.http.post("/billing/imports", params=asked, content=content, headers=headers)

    def end(self, job: Import) -> Import:
        """The import once it is over."""
        deadline = time.monotonic() + 30
        while (found := self.caller.get(f"/billing/imports/{job['id']}").json())["status"] in (
            "receiving",
            "checking",
            "applying",
        ):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return dict(found)

    def run(self, text: str | bytes, **asked: str) -> Import:
        """The import of a file, once it is over."""
        answer = self.send(text, **asked)
        assert answer.status_code == 202, answer.text
        return self.end(answer.json())

    def rows(self, job: Import) -> list[Any]:
        """What became of each row."""
        return self.caller.everything(f"/billing/imports/{job['id']}/rows")

    def verdicts(self, text: str | bytes, **asked: str) -> list[tuple[str, list[str]]]:
        """Verdict and codes of each row of a file, in order."""
        rows = self.rows(self.run(text, **asked))
        return [(row["verdict"], [fault["code"] for fault in row.get("faults", ())]) for row in rows]


@pytest.fixture
def importing(alice: Caller) -> Importing:
    """The merchant's."""
    return Importing(alice)


@pytest.fixture
def importing_as() -> Callable[[Caller], Importing]:
    """Anybody's."""
    return Importing
