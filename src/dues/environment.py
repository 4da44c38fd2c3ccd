"""The environment of a process: what of it looks like a setting and is none, and what is in the files that it names."""

import re
from pathlib import Path
from typing import Final

_OF_KUBERNETES: Final = re.compile(
    r"DUES_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""What Kubernetes sets in every container near a service that is called dues, or dues-something. It is not ours …"""

_ADDRESS_OF_KUBERNETES: Final = re.compile(r"(tcp|udp|sctp)://\S+:\d+")
"""… nor is DUES_PORT (or DUES_SOMETHING_PORT) where it is such an address."""


def is_of_kubernetes(variable: str, text: str) -> bool:
    """Whether Kubernetes has set this variable."""
    if variable.endswith("_PORT") and _ADDRESS_OF_KUBERNETES.fullmatch(text):
        return True
    return _OF_KUBERNETES.fullmatch(variable) is not None


def read_secret(variable: str, path: Path) -> str:
    """What is in the file of a secret, without the end of its last line. Raises ValueError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{variable}: {str(path)!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{variable}: {str(path)!r} is no text.") from None
    if not text.strip():
        raise ValueError(f"{variable}: {str(path)!r} is empty.")
    return text.rstrip("\r\n")
