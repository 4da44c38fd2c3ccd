"""What takes long of generating clients: OpenAPI Generator, in four languages, and Spectral's rules."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import Merchant
from tests.running import NODE, RunningServer

FOLDER = Path(__file__).parent / "clients"
SLOW = Path(sys.executable).parents[1] / "slow_generators" / "bin"

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")]


@pytest.fixture
def document(server: RunningServer, tmp_path: Path) -> Path:
    """The server's document, in a file."""
    path = tmp_path / "openapi.json"
    path.write_text(httpx.get(f"{server.base}/openapi.json").text)
    return path


def run(*command: str | Path, folder: Path) -> str:
    """What it prints. Raises where it fails."""
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def generate(document: Path, language: str) -> Path:
    """The client's folder. Nothing that was generated took the place of something else, or was left out."""
    folder = document.parent / language
    program = SLOW / "openapi-generator-cli"
    said = run(program, "generate", "-i", document, "-g", language, "-o", folder, folder=document.parent)
    for complaint in ("ERROR", "COLLISION", "not supported", "Could not"):
        assert complaint not in said, said
    return folder


def test_spectral_finds_nothing(document: Path) -> None:
    ruleset = document.with_name("ruleset.yml")
    ruleset.write_text('extends: ["spectral:oas"]\n')
    program = FOLDER / "spectral/node_modules/@stoplight/spectral-cli/dist/index.js"
    said = run(NODE, program, "lint", document, "-r", ruleset, "-F", "hint", folder=document.parent)
    assert "No results with a severity of 'hint' or higher found!" in said


def test_openapi_generators_client_in_python_goes_the_whole_way(document: Path, merchant: Merchant) -> None:
    folder = generate(document, "python")
    (folder / "journey.py").write_text((FOLDER / "journey.py").read_text())
    assert run(SLOW / "python", "journey.py", merchant.base, merchant.key(), folder=folder) == "The whole way.\n"


def test_a_client_in_typescript_fetch_compiles(document: Path) -> None:
    folder = generate(document, "typescript-fetch")
    compiler = FOLDER / "javascript/node_modules/typescript/bin/tsc"
    options = ["--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom"]
    run(NODE, compiler, *options, "index.ts", folder=folder)


@pytest.mark.parametrize(
    ("language", "account", "money"),
    [
        ("java", "src/main/java/org/openapitools/client/model/Account.java", "private Long balance"),
        ("go", "model_account.go", "Balance *int64"),
    ],
)
def test_a_client_in_another_language_keeps_money_in_64_bits(
    document: Path, language: str, account: str, money: str
) -> None:
    assert money in (generate(document, language) / account).read_text()
