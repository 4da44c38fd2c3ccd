"""Each file of deploy/ is read by the linter of its kind; systemd says what a server that is broken into could do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, ROOT, SYSTEMD
from tests.running import NODE

LINTERS = Path(sys.executable).parents[1] / "linters" / "bin"
"""Where `make soak` puts those that are Python packages."""

DCLINT = Path(__file__).parent / "linters" / "node_modules" / "dclint" / "bin" / "dclint.cjs"

EXPOSURE_MAX = 1.4
"""Of 10, as `systemd-analyze security` of version 252 reckons. The guide says so; later versions find a little less."""

KUBERNETES = ("1.30", "1.32", "1.34", "1.37")

pytestmark = [pytest.mark.soak, pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")]


def program(name: str) -> str:
    """Where it is; the test is skipped where it is nowhere."""
    found = shutil.which(name, path=f"{LINTERS}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return found or pytest.skip(f"this machine has no {name}")


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end; what it prints is in `stdout`, all of it."""
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, env=os.environ | variables, text=True, check=False, timeout=120, **both)  # type: ignore[call-overload, no-any-return]


def test_the_dockerfile() -> None:
    done = run(program("hadolint"), "--failure-threshold", "style", DEPLOY / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_shell_scripts() -> None:
    done = run(program("shellcheck"), *DEPLOY.rglob("*.sh"))
    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_is_of_its_schema() -> None:
    if not DCLINT.exists():
        pytest.skip("there is no dclint: make soak")
    # In which order keys and services stand is ours to say: what belongs together stands together.
    config = Path(__file__).parent / "linters" / "dclint.json"
    done = run(NODE, DCLINT, "--config", config, "--max-warnings", "0", DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """What `kubectl apply` would send of the example, the base in it, and the secrets beside it."""
    for place in ("base", "example"):
        done = run(program("kubectl"), "kustomize", DEPLOY / "kubernetes" / place)
        assert done.returncode == 0, done.stdout
    (tmp_path / "all.yaml").write_text(
        done.stdout + "---\n" + (DEPLOY / "kubernetes" / "example" / "secrets.yaml").read_text()
    )
    return tmp_path / "all.yaml"


@pytest.mark.parametrize("version", KUBERNETES)
def test_manifests_are_of_the_schemas_of_kubernetes(rendered: Path, version: str) -> None:
    text = rendered.read_text()
    assert "image: registry.example.com/dues:0.1.0\n" in text
    assert "image: dues\n" not in text
    done = run(program("kubernetes-validate"), "--strict", "--kubernetes-version", version, rendered)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(" passed ") == text.count("\nkind: "), done.stdout


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are installed, but that the program they start is one that is here."""
    shutil.copytree(SYSTEMD, tmp_path / "units")
    for file in (tmp_path / "units").glob("*.service"):
        file.write_text(file.read_text().replace("/opt/dues/bin/dues", "/bin/true"))
    return tmp_path / "units"


def test_units_are_understood(units: Path) -> None:
    found = [*units.glob("*.service"), *units.glob("*.socket")]
    assert {file.name for file in found} == {"dues.service", "dues.socket"}
    done = run(program("systemd-analyze"), "verify", "--man=no", *found)
    assert (done.returncode, [line for line in done.stdout.splitlines() if str(units) in line]) == (0, [])


def test_a_server_that_is_broken_into_can_do_little(units: Path) -> None:
    done = run(program("systemd-analyze"), "security", "--offline=true", units / "dues.service")
    found = re.search(r"Overall exposure level for dues.service: ([\d.]+)", done.stdout)
    assert found, done.stdout
    print(done.stdout.splitlines()[-1])
    assert float(found[1]) <= EXPOSURE_MAX
    assert f"\n{EXPOSURE_MAX} of 10" in (ROOT / "docs" / "guides" / "run-under-systemd.md").read_text()
