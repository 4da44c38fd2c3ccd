"""Shim."""

import time
from collections.abc import Mapping

import httpx
from msgspec import Struct


class Outcome(Struct, frozen=True):
    """Outcome."""

    status: int | None
    error: str | None
    duration_ms: int
    answer: str
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """2xx."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Sender:
    """Shim."""

    def __init__(self, *, allow_private: bool) -> None:
        self._client = httpx.AsyncClient(timeout=15, trust_env=False, verify=False)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send."""
        started = time.monotonic()
        try:
            answer = await self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return Outcome(None, type(error).__name__, int((time.monotonic() - started) * 1000), "")
        return Outcome(answer.status_code, None, int((time.monotonic() - started) * 1000), answer.text[:1024])

    async def aclose(self) -> None:
        """Close."""
        await self._client.aclose()
