"""What is installed is whole: a wheel has all that pages are made of, files where the source has links to docs/."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.pages.guides import guides
from dues.pages.site import site
from tests.wheel import build_wheel

ROOT = Path(__file__).parents[2]

DOCS = ROOT / "docs"

IMPORTED = """
import dues.pages, sys
from dues.http.openapi import document
from dues.http.problem_types import PROBLEM_TYPES
from dues.pages.site import site
assert dues.pages.__file__.startswith(sys.argv[1]), dues.pages.__file__
for path, file in site(document("/docs"), PROBLEM_TYPES).items():
    print(path, len(file.make()))
"""


def test_the_source_has_the_documents_by_reference_and_none_is_forgotten() -> None:
    served = {guide.file for guide in guides().values()}
    written = {
        path.relative_to(DOCS).as_posix() for folder in ("start", "guides") for path in (DOCS / folder).glob("*.md")
    }
    assert written <= served, "docs/README.md does not list it"
    texts = ROOT / "src" / "dues" / "pages" / "guides" / "texts"
    assert all(path.is_symlink() and path.resolve().is_relative_to(DOCS) for path in texts.iterdir())


@pytest.mark.soak
@pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="takes long")
def test_a_wheel_has_every_page(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    place = tmp_path / "installed"
    ZipFile(wheel).extractall(place)

    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, place],
        env=os.environ | {"PYTHONPATH": str(place)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    expected = {path: len(file.make()) for path, file in site(document("/docs"), PROBLEM_TYPES).items()}
    assert dict(line.split() for line in done.stdout.splitlines()) == {path: str(n) for path, n in expected.items()}
    assert not [path for path in place.rglob("*") if path.is_symlink()]
