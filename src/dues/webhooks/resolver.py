"""Looks up where webhooks go, and lets them go nowhere but to public addresses.

The name is looked up once, for the connection itself, and that goes to an address which was looked at: what it
resolves to a moment later is nobody's business.

Apart from `addresses.py`, since aiohttp takes longer to import than most commands run: only those who send need it.
"""

import socket
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from dues.webhooks.addresses import is_public


class AddressRefusedError(Exception):
    """A host has no address that a webhook may go to."""


class PublicResolver(AbstractResolver):
    """Looks names up, and gives only such addresses to connect to as are public."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The public addresses of a host. Raises AddressRefusedError where it has others only; OSError."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if is_public(ip_address(one["host"].partition("%")[0]))]
        if not public:
            raise AddressRefusedError(f"{host} has no public address.")
        return public

    async def close(self) -> None:
        """Closes what it looks up with."""
        await self._resolver.close()
