"""How the programs that run until they are told to stop are told so."""

import signal
import sys


def stop_on_signals() -> None:
    """From this moment on, SIGTERM and SIGINT end the program by the way of everything it has to close."""

    def stop(*_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        sys.exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
