"""Takes the pictures in docs/pictures, by Chromium, of what `dues demo` makes. Run it with `make screenshots`."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

PICTURES: Final = Path(__file__).parent / "pictures"

SIZES: Final = {
    "what-somebody-owes": ("{link}", 390, 860),
    "statement": ("file://{folder}/statement.html", 800, 900),
    "ageing": ("file://{folder}/ageing.html", 800, 900),
}
"""Each picture: of which page, so many pixels wide and high."""

DAYS: Final = 60
"""Of the statement."""

DUES: Final = [sys.executable, "-m", "dues"]


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or sys.exit("There is no Chromium on this machine, which takes the pictures.")


@contextmanager
def _server(data: str) -> Iterator[str]:
    """A server of that folder; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*DUES, "serve", "--data", data, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        base = f"http://127.0.0.1:{port}"
        try:
            _wait_for(base)
            yield base
        finally:
            server.terminate()


def _wait_for(base: str) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{base}/healthz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The server does not start.")


def _save_pages(base: str, key: str, folder: str) -> str:
    """What is not to be had without a key is written down as files; the address of a payment link."""
    with httpx.Client(base_url=base, headers={"authorization": f"Bearer {key}"}) as client:
        [late] = client.get("/billing/bills?overdue=true&limit=1").raise_for_status().json()["data"]
        customer = late["customer_id"]
        statement = f"customers/{customer}/statement.html?from={datetime.now(UTC).date() - timedelta(days=DAYS)}"
        for path, file in ((statement, "statement.html"), ("ageing.html", "ageing.html")):
            Path(folder, file).write_bytes(client.get(f"/billing/{path}").raise_for_status().content)
        body = {"customer": customer, "show": "names"}
        answer = client.post("/billing/payment_links", json=body, headers={"idempotency-key": "picture"})
        return base + str(answer.raise_for_status().json()["url"])


def main() -> None:
    """Takes them all."""
    chromium = _chromium()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data"
        with _server(data) as base:
            made = subprocess.run(
                [*DUES, "demo", "--json", "--data", data, "--customers", "60"],
                check=True,
                capture_output=True,
                text=True,
            )
            keys = json.loads(made.stdout)["keys"]
            key = next(one["key"] for one in keys if (one["mode"], one["kind"]) == ("test", "secret"))
            link = _save_pages(base, key, folder)
            for name, (place, width, height) in SIZES.items():
                _take(chromium, place.format(link=link, folder=folder), PICTURES / f"{name}.png", width, height, folder)
                print(f"docs/pictures/{name}.png")


def _take(chromium: str, url: str, picture: Path, width: int, height: int, folder: str) -> None:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    quiet = ["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    shape = [f"--window-size={width},{height}", "--hide-scrollbars", f"--user-data-dir={folder}/browser"]
    subprocess.run([chromium, *root, *quiet, *shape, f"--screenshot={picture}", url], check=True, capture_output=True)


if __name__ == "__main__":
    main()
