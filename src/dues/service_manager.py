"""What a service manager is told, and what it lends: the protocols of systemd, which others speak too."""

import os
import socket
from contextlib import suppress
from typing import Final

FIRST_SOCKET: Final = 3
"""The first of the sockets that systemd, or whoever does as it does, has opened for us."""


def lends_a_socket() -> bool:
    """Whether this process was started with its listening socket, which stays open when it ends."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS", "0") != "0"


def tell_ready() -> None:
    """The server takes clients. Nobody is told where nobody asked for it with `NOTIFY_SOCKET`."""
    _tell(b"READY=1")


def tell_stopping() -> None:
    """The server is about to end."""
    _tell(b"STOPPING=1")


def _tell(state: bytes) -> None:
    """Sends a datagram; that it does not arrive is no reason not to serve."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # a name that is in no file system
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as here:
        here.sendto(state, address)
