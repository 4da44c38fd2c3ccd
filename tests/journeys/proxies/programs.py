"""Proxies as the guide configures them: what stands around the configuration, and how each program is started."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "behind-a-proxy.md"

APACHE_MODULES = Path("/usr/lib/apache2/modules")

IS_ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Program:
    """A proxy. `around` has `{configuration}` in it, and `{folder}`, which is the test's; so have `arguments`."""

    name: str
    executable: str
    around: str
    arguments: tuple[str, ...]

    def configuration(self, folder: Path, port: int, *upstreams: int) -> str:
        """That of the guide, but for the name, the ports and the certificate."""
        (block,) = re.findall(rf"^```{self.name}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
        for written, here in (
            ("/etc/ssl/private/api.example.com.pem", f"{folder}/certificate.pem"),
            ("127.0.0.1:8080", f"127.0.0.1:{upstreams[0]}"),
            ("listen 443 ", f"listen 127.0.0.1:{port} "),
            ("*:443", f"127.0.0.1:{port}"),
            ("bind :443 ", f"bind 127.0.0.1:{port} "),
            ("api.example.com {", f"https://localhost:{port} {{"),
            ("api.example.com", "localhost"),
        ):
            block = block.replace(written, here)
        return self.surrounded(block, folder, port)

    def surrounded(self, block: str, folder: Path, port: int) -> str:
        """The whole configuration, `block` and what stands around it."""
        around = self.around.replace("{folder}", str(folder)).replace("{port}", str(port))
        return around.replace("{configuration}", block)

    @contextmanager
    def running(self, folder: Path, port: int, *upstreams: int) -> Iterator[None]:
        """Started on entry, ended on exit."""
        (folder / "configuration").write_text(self.configuration(folder, port, *upstreams))
        arguments = [argument.replace("{folder}", str(folder)) for argument in self.arguments]
        environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        with (folder / "log").open("w") as log:
            process = subprocess.Popen([self.executable, *arguments], stdout=log, stderr=log, env=environment)
        try:
            _wait_until_it_listens(process, port, folder / "log")
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"it does not start:\n{log.read_text()[-3000:]}")


def found(name: str) -> str | None:
    """Where a program is, also outside the path of ordinary users."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


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
    {configuration}
}
""".replace("USER", "user root;" if IS_ROOT else "")

_MODULES = ("mpm_event", "authz_core", "socache_shmcb", "ssl", "proxy", "proxy_http", "headers")

_APACHE = "\n".join(
    [
        *(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in _MODULES),
        "User nobody\nGroup nogroup" if IS_ROOT else "",
        "PidFile {folder}/pid\nDefaultRuntimeDir {folder}\nErrorLog {folder}/errors\nServerName localhost",
        "Listen 127.0.0.1:{port}",
        "{configuration}",
    ]
)

_CADDY = """
{
    admin off
    auto_https disable_redirects
    skip_install_trust
}
{configuration}
"""


def programs() -> list[Program]:
    """All four; those that this machine does not have are without an executable."""
    run = ("run", "--config", "{folder}/configuration", "--adapter", "caddyfile")
    return [
        Program("nginx", found("nginx") or "", _NGINX, ("-c", "{folder}/configuration", "-e", "stderr")),
        Program("apache", found("apache2") or "", _APACHE, ("-f", "{folder}/configuration", "-DFOREGROUND")),
        Program("haproxy", found("haproxy") or "", "{configuration}", ("-db", "-f", "{folder}/configuration")),
        Program("caddy", found("caddy") or "", _CADDY, run),
    ]


class Tap:
    """Sits between a proxy and the server, and notes what goes by."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.sent = bytearray()
        """All that the proxy sent."""
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._server_port))
            self.connections += 1
            self._open += [near, far]
            for one, other, noted in ((near, far, True), (far, near, False)):
                thread = threading.Thread(target=self._pass_on, args=(one, other, noted))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, one: socket.socket, other: socket.socket, noted: bool) -> None:
        """Until one side ends what it sends, which the other side is told: the other way may still be used."""
        try:
            while data := one.recv(65_536):
                if noted:
                    self.sent += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (one, other):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hangs up."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for end in self._open:
            end.close()

    def heads(self) -> list[str]:
        """The heads of the requests that went by."""
        return [head for head in self.sent.decode("latin-1").split("\r\n\r\n") if "HTTP/1.1\r\n" in head]
