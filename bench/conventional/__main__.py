"""`python -m bench.conventional --port N --database-url URL`: serves it with one process on 127.0.0.1."""

import argparse
import sys

import uvicorn

from bench.conventional.app import build


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.conventional", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database-url", required=True)
    options = parser.parse_args()
    uvicorn.run(
        build(options.database_url),
        host="127.0.0.1",
        port=options.port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


main()
