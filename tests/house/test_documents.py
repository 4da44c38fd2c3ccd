"""The documents say what is so: generated pages are current, links lead somewhere, examples run."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

import dues
from dues.resources.api import OPERATIONS
from tests.conftest import Merchant
from tests.running import RunningServer

SOURCE = Path(dues.__file__).parent
ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WRITTEN = [path for path in DOCUMENTS if not path.read_text().startswith("<!-- Written by")]
"""Documents that a person wrote."""

EXAMPLE_BASE = "http://127.0.0.1:8080"


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    """The fenced pieces of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(name), re.DOTALL | re.MULTILINE)


every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=names)
every_written_document = pytest.mark.parametrize("path", WRITTEN, ids=names)


def test_the_generated_pages_are_current() -> None:
    check = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        file, _, anchor = target.partition("#")
        if file.startswith(("http:", "https:")):
            continue
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_written_document
def test_files_that_are_named_exist(path: Path) -> None:
    folders = {"src", "tests", "docs", "bench"} | {folder.name for folder in SOURCE.iterdir() if folder.is_dir()}
    for name in re.findall(r"`((?:\w+/)+[\w.]*|\w+\.(?:py|sql|toml))`", path.read_text()):
        if "/" not in name:
            assert list(ROOT.glob(name)) or list(SOURCE.rglob(name)), name
        elif name.partition("/")[0] in folders and "X" not in name:
            assert (ROOT / name).exists() or (SOURCE / name).exists(), name


@every_document
def test_commands_that_are_named_exist(path: Path) -> None:
    text = path.read_text()
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    commands = re.findall(r"^## dues (.+)$", text_of("docs/reference/cli.md"), re.MULTILINE)
    for group, command in re.findall(r"`dues ([a-z-]+)(?: ([a-z][a-z-]*))?", text):
        said = f"{group} {command}".strip()
        assert any(known == said or (known.startswith(f"{group} ") and not command) for known in commands), said


def test_every_folder_of_the_source_is_on_the_map() -> None:
    floors = text_of("ARCHITECTURE.md").partition("## One request")[0]
    for path in SOURCE.iterdir():
        if not path.name.startswith("__") and path.suffix in ("", ".py"):
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in floors, f"{path.name} is not on the map"


def test_every_path_that_is_no_operation_is_a_door() -> None:
    """What is no operation of the API is a door, and stands in the README's table."""
    paths = re.findall(r'^ *"(/[^"]*)": ', (SOURCE / "http" / "routes.py").read_text(), re.MULTILINE)
    assert paths
    assert not {operation.path for operation in OPERATIONS} & {*paths}
    for path in paths:
        assert f"`{path}`" in text_of("README.md"), path


def test_every_metric_is_explained(server: RunningServer) -> None:
    exported = set(re.findall(r"^# TYPE (\w+) ", httpx.get(f"{server.base}/metrics").text, re.MULTILINE))
    explained = set(re.findall(r"^\| `(dues_\w+)` ", text_of("docs/reference/metrics.md"), re.MULTILINE))
    absent = {"dues_backup_age_seconds"}  # there is no backup
    assert {name for name in exported if not name.endswith("_created")} == explained - absent


def test_every_event_of_the_log_is_explained() -> None:
    source = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    logged = set(re.findall(r'_log\.(?:warning|error)\(\s*"(\w+)"', source))
    assert logged
    assert logged <= set(re.findall(r"^\| `(\w+)` ", text_of("docs/guides/operate.md"), re.MULTILINE))


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=names)
def test_a_decision_is_a_page_and_listed(path: Path) -> None:
    text = path.read_text()
    parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.splitlines()) <= 60
    assert f"](decisions/{path.name})" in text_of("docs/README.md")


def test_the_call_in_the_readme_opens_an_account(server: RunningServer, merchant: Merchant) -> None:
    (call,) = [block for block in blocks("README.md", "sh") if "curl" in block]
    call = call.replace("export BILLING_KEY=sk_test_…\n", "")
    assert _run(call, server, merchant).startswith("HTTP/1.1 201 Created")
    assert "idempotent-replayed: true" in _run(call, server, merchant)


def test_the_first_account_is_told_as_it_happens(server: RunningServer, merchant: Merchant) -> None:
    calls = blocks("docs/start/first-account.md", "sh")
    told = blocks("docs/start/first-account.md", "http")
    assert len(calls) > 4
    for call, answer in zip(calls, told, strict=True):
        _compare(answer, _run(call, server, merchant))


def _compare(told: str, given: str) -> None:
    """Status, the headers that are told, and the body but for what is random."""
    told_head, _, told_body = told.partition("\n\n")
    head, _, body = given.partition("\n\n")
    status, *headers = told_head.splitlines()
    assert head.splitlines()[0] == status
    assert {header.lower() for header in headers} <= {line.lower() for line in head.splitlines()}
    assert ("idempotent-replayed" in head) == ("idempotent-replayed" in told_head.lower())
    assert _known(json.loads(body)) == _known(json.loads(told_body))


def _known(value: dict[str, Any]) -> dict[str, Any]:
    random = {"id", "customer_id", "request_id"}
    return {name: name if name in random else member for name, member in value.items()}


def test_the_retrying_program_opens_one_account_whatever_is_lost(
    server: RunningServer, merchant: Merchant, tmp_path: Path
) -> None:
    (program,) = blocks("docs/guides/retry-safely.md", "python")
    assert {node.module for node in ast.walk(ast.parse(program)) if isinstance(node, ast.ImportFrom)} <= {
        "http.client",
        "urllib.error",
        "urllib.request",
    }
    (tmp_path / "open.py").write_text(program)

    with bad_network(server.base) as (base, answers):
        environment = os.environ | {"BILLING_URL": base, "BILLING_KEY": merchant.key(), "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, tmp_path / "open.py"], env=environment, capture_output=True, text=True, check=False
        )

    status, account_id = done.stdout.split() or pytest.fail(done.stderr)
    assert (status, account_id[:5]) == ("201", "bacc_")
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"


@contextmanager
def bad_network(base: str) -> Iterator[tuple[str, list[httpx.Response]]]:
    """A way to `base` that loses the first request, and the answer to the second. Yields it and the answers."""
    answers: list[httpx.Response] = []
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(self.path)
            if len(requests) > 1:
                answers.append(httpx.post(base + self.path, content=body, headers=dict(self.headers)))
            if len(requests) > 2:
                self.send_response(answers[-1].status_code)
                self.end_headers()
                self.wfile.write(answers[-1].content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    network = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=network.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{network.server_port}", answers
    finally:
        network.shutdown()
        thread.join()
        network.server_close()


def _run(call: str, server: RunningServer, merchant: Merchant) -> str:
    """What a shell prints of the call, with the server's address and the merchant's key put in."""
    environment = os.environ | {"BILLING_KEY": merchant.key(), "NO_PROXY": "127.0.0.1"}
    command = ["sh", "-c", call.replace(EXAMPLE_BASE, server.base)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.replace("\r\n", "\n")
