"""Where webhooks may go, as whoever runs the server has set it: which ports, and whether to private addresses."""

from typing import Final

from msgspec import Struct

USUAL_PORTS: Final = "80,443,1024-65535"
"""What the web is served on, and what programs may serve it on that are nobody in particular. Below are mail, shells,
name servers and the like: a merchant's URL is no way to talk to those."""

PORT_MAX: Final = 65_535


class Ports(Struct, frozen=True):
    """Ports by number: ranges, each with its ends."""

    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, port: int) -> bool:
        return any(low <= port <= high for low, high in self.ranges)

    def __str__(self) -> str:
        return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in self.ranges)


def parse_ports(text: str) -> Ports:
    """Ports as they are written in a setting: 80,443,1024-65535. Raises ValueError."""
    ranges = []
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
        ends = int(low), int(high or low)
        if not 0 < ends[0] <= ends[1] <= PORT_MAX:
            raise ValueError(part)
        ranges.append(ends)
    return Ports(tuple(ranges))


class Destinations(Struct, frozen=True):
    """The rule. What breaks it is refused when an endpoint is made, and again when something is sent."""

    allow_private: bool = False
    ports: Ports = parse_ports(USUAL_PORTS)


ANYWHERE: Final = Destinations(allow_private=True, ports=Ports(((1, PORT_MAX),)))
"""For who sends to a URL of their own choice from their own machine."""
