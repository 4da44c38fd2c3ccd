"""Proxies before two servers, doing what they do by default."""

from dataclasses import dataclass
from pathlib import Path

from tests.journeys.proxies.programs import Program, programs

_NGINX = """
upstream dues {
    server 127.0.0.1:{first};
    server 127.0.0.1:{second};
}
server {
    listen 127.0.0.1:{port};
    location / { proxy_pass http://dues; }
}
"""

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

_BLOCKS = {"nginx": _NGINX, "haproxy": _HAPROXY}


@dataclass(frozen=True)
class Balancer(Program):
    """One of them, with a configuration of its own."""

    def configuration(self, folder: Path, port: int, *upstreams: int) -> str:
        """That of two servers."""
        block = _BLOCKS[self.name]
        for name, value in {"port": port, "first": upstreams[0], "second": upstreams[1]}.items():
            block = block.replace(f"{{{name}}}", str(value))
        return self.surrounded(block, folder, port)


def balancers() -> list[Balancer]:
    """Both; one that this machine does not have is without an executable."""
    return [Balancer(one.name, one.executable, one.around, one.arguments) for one in programs() if one.name in _BLOCKS]
