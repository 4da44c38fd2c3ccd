"""Balancers before two servers, with what they do by default."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr;
USER
events {}
http {
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream dues {
        server 127.0.0.1:{first};
        server 127.0.0.1:{second};
    }
    server {
        listen 127.0.0.1:{port};
        location / { proxy_pass http://dues; }
    }
}
""".replace("USER", "user root;" if os.geteuid() == 0 else "")

_HAPROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 60s

frontend api
    bind 127.0.0.1:{port}
    default_backend dues

backend dues
    option httpchk GET /readyz
    server first 127.0.0.1:{first} check
    server second 127.0.0.1:{second} check
"""


@dataclass(frozen=True)
class Balancer:
    """One of them; `{folder}` in its arguments is the test's, whose file `configuration` has what it is to do."""

    name: str
    configuration: str
    arguments: Sequence[str]

    @property
    def program(self) -> str | None:
        """Where it is, also outside the path of ordinary users."""
        return shutil.which(self.name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

    @contextmanager
    def running(self, folder: Path, port: int, upstreams: Sequence[int]) -> Iterator[None]:
        """Started on entry, ended on exit."""
        configuration = self.configuration
        for name, value in {"port": port, "first": upstreams[0], "second": upstreams[1], "folder": folder}.items():
            configuration = configuration.replace(f"{{{name}}}", str(value))
        (folder / "configuration").write_text(configuration)
        command = [str(self.program), *(argument.replace("{folder}", str(folder)) for argument in self.arguments)]
        with (folder / "balancer.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                deadline = time.monotonic() + 15
                while not _listens(port):
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                yield
            finally:
                process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


BALANCERS = [
    Balancer("nginx", _NGINX, ("-c", "{folder}/configuration", "-e", "stderr")),
    Balancer("haproxy", _HAPROXY, ("-db", "-f", "{folder}/configuration")),
]
