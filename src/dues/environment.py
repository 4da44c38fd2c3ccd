"""The environment of a process: what of it looks like a setting and is none."""

import re
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
