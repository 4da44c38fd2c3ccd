"""One attempt to deliver: to an address that was looked at, over TLS that is verified, within limits.

What comes back is untrusted: redirects are not followed, nothing is inflated, no more than a little of it is read.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from dues.webhooks.addresses import may_be_public
from dues.webhooks.connections import BriefConnector
from dues.webhooks.destinations import Destinations
from dues.webhooks.outcome import Outcome
from dues.webhooks.resolver import AddressRefusedError, PublicResolver

ATTEMPT_SECONDS: Final = 15.0
"""Of an attempt in all: name, connection, request and answer."""

ANSWER_BYTES_MAX: Final = 16 * 1024
"""A connection whose answer has more is closed, not read to its end."""

ANSWER_KEPT: Final = 1024

ADDRESS_SECONDS: Final = 5
"""For so long an address holds for new connections: a look-up costs more than a delivery."""

CONNECTIONS_MAX: Final = 64

RETRY_AFTER_MAX: Final = 24 * 3600.0


class PortRefusedError(Exception):
    """A URL names a port to which no webhook may go."""


class Sender:
    """Sends to one endpoint; its connections are kept, and shared with nobody: TLS was verified for this name."""

    def __init__(
        self,
        destinations: Destinations,
        *,
        seconds: float = ATTEMPT_SECONDS,
        tls: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._destinations = destinations
        self._seconds = seconds
        connector = BriefConnector(
            ssl=tls or True,
            resolver=resolver if destinations.allow_private else PublicResolver(resolver),
            ttl_dns_cache=ADDRESS_SECONDS,
            limit=CONNECTIONS_MAX,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POSTs `body`, once. Raises nothing: whatever goes wrong is an outcome."""
        started = time.monotonic()
        status, error, answer, retry_after = None, None, b"", None
        try:
            async with asyncio.timeout(self._seconds):
                to = URL(url)
                if to.port is not None and to.port not in self._destinations.ports:
                    raise PortRefusedError(f"to port {to.port} no webhooks go.")
                if not self._destinations.allow_private and not may_be_public(to.host or ""):
                    # An address is not looked up, so the resolver does not see it.
                    raise AddressRefusedError(f"{to.host} is no public address.")
                async with self._session.post(to, data=body, headers=headers, allow_redirects=False) as response:
                    status, retry_after = response.status, _retry_after(response.headers.get("retry-after"))
                    answer = await _beginning(response)
        except PortRefusedError as refused:
            error = f"refused_port: {refused}"
        except AddressRefusedError as refused:
            error = f"refused_address: {refused}"
        except TimeoutError:
            error = f"timeout: no whole answer within {self._seconds:g} seconds"
        except (aiohttp.ClientSSLError, ssl.SSLError) as broken:
            error = f"tls: {broken}"
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as broken:
            error = f"connect: {broken}"
        except (aiohttp.ClientError, OSError, ValueError) as broken:
            error = f"closed: {broken or type(broken).__name__}"
        text = answer[:ANSWER_KEPT].decode(errors="replace").replace("\0", "")
        return Outcome(status, error and error[:300], int((time.monotonic() - started) * 1000), text, retry_after)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._session.close()


_HEADERS: Final = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "user-agent": f"dues/{version('dues')}",
}


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of an answer; all of it where it is short, so that its connection can be used again."""
    answer = b""
    read = 0
    async for chunk in response.content.iter_any():
        answer += chunk[: ANSWER_KEPT - len(answer)]
        read += len(chunk)
        if read > ANSWER_BYTES_MAX:
            response.close()
            break
    return answer


def _retry_after(value: str | None) -> float | None:
    """The seconds that a Retry-After asks for, within a day; it may be a number or a date."""
    if value is None:
        return None
    try:
        if value.strip().isdigit():
            seconds = float(value)
        else:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX)
