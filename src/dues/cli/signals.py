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


def fail_on_signals() -> None:
    """SIGTERM ends the program as Ctrl-C does: what is half done is taken back, and the exit status says so."""

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
