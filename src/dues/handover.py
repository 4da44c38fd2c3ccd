"""Handing the port over: a new server takes the listening socket from the one that runs, which then ends.

    new ── connects ──────────────────► old
    new ◄── the listening socket ────── old     from here on clients may come to either
    new     starts on the database …
    new ── "I serve" ─────────────────► old     takes no more of them, answers those it has, and ends

The port is never closed, so no client is refused. Should the new one not come so far, nothing has happened. Whoever may
open the socket of this conversation, which is in a folder of its own, is the same user, and could do worse.
"""

import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

ANSWER_SECONDS: Final = 5.0
"""How long the new server waits for the socket: several times as long as the old one takes to look."""

_SERVES: Final = b"I serve"

_log = structlog.get_logger()


class Offer:
    """The old server's side: whoever runs on the same port next may have the socket."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._path = _path(*listener.getsockname()[:2])
        self._door = socket.socket(socket.AF_UNIX)
        self._door.setblocking(False)
        self._taker: socket.socket | None = None
        with suppress(FileNotFoundError):
            self._path.unlink()  # whoever has the port, has this
        self._door.bind(str(self._path))
        self._door.listen(1)
        self._inode = self._path.stat().st_ino

    def is_taken(self) -> bool:
        """Looks whether somebody has come; whether another serves in this one's place. To be asked again and again."""
        with suppress(OSError):
            taker, _ = self._door.accept()
            socket.send_fds(taker, [b"the port"], [self._listener.fileno()])
            taker.setblocking(False)
            self._taker = taker
        if self._taker is None:
            return False
        try:
            said = self._taker.recv(len(_SERVES))
        except BlockingIOError:
            return False
        except OSError:
            said = b""
        if said == _SERVES:
            return True
        self._taker.close()  # it came to nothing
        self._taker = None
        return False

    def close(self) -> None:
        """Nobody can have the socket from here any more."""
        self._door.close()
        if self._taker:
            self._taker.close()
        with suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()


def offer(listener: socket.socket) -> Offer | None:
    """An offer of the socket; None where there is no safe place for one."""
    try:
        return Offer(listener)
    except OSError as error:
        _log.warning("no_handover", reason=str(error))
        return None


class Taken:
    """The new server's side: a listening socket that another server has, too, until it is told that this one serves."""

    def __init__(self, listener: socket.socket, old: socket.socket) -> None:
        self.listener = listener
        self._old = old

    def serves(self) -> None:
        """From here on all who come are this server's."""
        with suppress(OSError):  # it is gone already, and so much the better
            self._old.send(_SERVES)
        self._old.close()


def take(host: str, port: int) -> Taken | None:
    """The listening socket of the server that runs there; None where there is none that offers it."""
    old = socket.socket(socket.AF_UNIX)
    old.settimeout(ANSWER_SECONDS)
    try:
        old.connect(str(_path(*socket.getaddrinfo(host, port)[0][4][:2])))
        _, files, _, _ = socket.recv_fds(old, 64, 1)
    except OSError:
        files = []
    if not files:
        old.close()
        return None
    return Taken(socket.socket(fileno=files[0]), old)


def _path(host: str, port: int) -> Path:
    folder = Path(tempfile.gettempdir()) / f"dues-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is open to others")
    return folder / f"{host.replace('/', '_')}-{port}"
