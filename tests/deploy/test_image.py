"""The image: what is in it, that it runs as it is meant to run, and that its data outlives it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.files import instructions
from tests.deploy.image import Image, lacks
from tests.deploy.test_what_is_deployed import VERSION
from tests.running import Caller, free_port

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak"),
    pytest.mark.skipif(lacks() is not None, reason=str(lacks())),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Built once."""
    built = Image(tmp_path_factory.mktemp("image"), Path(os.environ["DUES_TEST_IMAGE_ROOT"]))
    yield built
    built.close()


@pytest.fixture
def volume(image: Image, tmp_path: Path) -> Path:
    """As an engine makes a new one: a copy of what the image has there, its owner and mode."""
    (place,) = image.config["Volumes"]
    there = (image.root / place.lstrip("/")).stat()
    made = tmp_path / "volume"
    made.mkdir(mode=there.st_mode & 0o777)
    os.chown(made, there.st_uid, there.st_gid)
    return made


def test_it_has_dues_and_nothing_that_installs_or_may_be_written_to(image: Image, volume: Path) -> None:
    assert image.run(volume, "dues", "--version").stdout == f"dues {VERSION}\n"
    assert "No module named pip" in image.run(volume, "python", "-m", "pip").stderr
    writable = image.run(volume, "find", "/", "-xdev", "-writable", "-not", "-type", "l")
    assert sorted(writable.stdout.split()) == ["/tmp", *image.config["Volumes"]]
    its_own = image.run(volume, "find", "/opt", "(", "-user", "10001", "-o", "-perm", "-2", ")", "-not", "-type", "l")
    assert (its_own.returncode, its_own.stdout) == (0, ""), "also where the root file system is not read-only"
    assert "uid=10001" in image.run(volume, "id").stdout
    assert image.config["Labels"]["org.opencontainers.image.version"] == VERSION
    size = sum(path.lstat().st_size for path in (image.root / "opt" / "dues").rglob("*"))
    print(f"it adds {size / 1e6:.0f} MB to {next(rest for name, rest in instructions() if name == 'FROM').split()[0]}")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_container_serves_is_healthy_stops_and_leaves_its_data(image: Image, volume: Path, workers: str) -> None:
    settings = {"DUES_PORT": str(free_port()), "DUES_WORKERS": workers}
    base = f"http://127.0.0.1:{settings['DUES_PORT']}"
    kind, *check = image.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    made = ""
    for _ in range(2):
        assert image.run(volume, *check, **settings).returncode != 0
        with (volume.parent / "log").open("a") as log, image.running(volume, log, **settings) as container:
            wait_until_ready(base, volume.parent / "log")
            assert image.run(volume, *check, **settings).returncode == 0
            (keys,) = volume.glob("keys-of-*")
            caller = Caller(base, next(line.split()[-1] for line in keys.read_text().splitlines() if "test" in line))
            if not made:
                answer = caller.open_account()
                assert answer.status_code == 201, answer.text
                made = answer.json()["id"]
            assert caller.get(f"/billing/accounts/{made}").status_code == 200
            status, seconds = container.stop()
            print(f"{workers} workers: stopped with {status} after {seconds:.1f} s")
            assert status == 0
        assert not (volume / "postgres" / "postmaster.pid").exists(), "the PostgreSQL in it was stopped before"


def wait_until_ready(base: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])
