"""GET of what is the same for everybody: pages, what they load, the OpenAPI document. Compressed, and sent once."""

import asyncio
import gzip
import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Final

from msgspec import Struct

from dues.domain.etags import etag, names
from dues.http.context import Endpoint
from dues.http.exchange import Exchange
from dues.http.problems import Reply
from dues.pages.frame import ORIGIN
from dues.pages.site import File

ORIGINS_KEPT: Final = 8
"""For how many addresses of this server a page is kept. There are one or two, unless somebody makes them up."""

_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
"""A page loads what is ours alone, and nothing in it runs: what an escape forgotten somewhere could not undo."""

OF_PAGES: Final = (
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

_OF_ALL: Final = ((b"vary", b"accept-encoding"), (b"cross-origin-resource-policy", b"same-origin"))

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

_STARTED_WITHOUT_SETTINGS: Final = "http://127.0.0.1:8080"

_GZIP: Final = re.compile(rb"(?:^|,)\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q=(?P<weight>[0-9.]+)\s*)?(?=,|$)", re.IGNORECASE)


class _Version(Struct, frozen=True):
    """A file as one address of the server shows it."""

    gzipped: bytes
    tag: str


def documents(files: Mapping[str, File], public_url: str) -> dict[str, dict[str, Endpoint]]:
    """The routes of files. In those that say where the server is, it is at `public_url`; where nothing is set, where
    it was asked."""
    return {path: {"GET": _endpoint(file, public_url)} for path, file in files.items()}


def _endpoint(file: File, public_url: str) -> Endpoint:
    """Made when somebody first asks: some tenths of a second that no start waits for, and no other request, since
    another thread takes them."""
    made: list[bytes] = []
    versions: OrderedDict[str, _Version] = OrderedDict()
    headers = [*_OF_ALL, *(OF_PAGES if file.content_type.startswith("text/html") else ())]
    headers.append((b"cache-control", b"public, max-age=31536000, immutable" if file.is_named_by_hash else b"no-cache"))

    async def endpoint(exchange: Exchange) -> Reply:
        origin = (public_url or origin_of(exchange)) if file.tells_origin else ""
        if not made:
            made.append(await asyncio.to_thread(file.make))
        version = versions.get(origin)
        if version is None:
            version = versions[origin] = await asyncio.to_thread(partial(_version, made[0], origin))
        versions.move_to_end(origin)
        if len(versions) > ORIGINS_KEPT:
            versions.popitem(last=False)
        zipped = takes_gzip(exchange.header(b"accept-encoding"))
        tag = f'{version.tag[:-1]}-gzip"' if zipped else version.tag
        answered = [*headers, (b"etag", tag.encode())]
        condition = exchange.header(b"if-none-match")
        if condition and names(condition.decode("latin-1"), version.tag):
            return Reply(304, b"", headers=answered, is_public=True)
        if zipped:
            answered.append((b"content-encoding", b"gzip"))
        body = version.gzipped if zipped else _shown(made[0], origin)
        return Reply(200, body, file.content_type.encode(), answered, is_public=True)

    return endpoint


def _version(body: bytes, origin: str) -> _Version:
    shown = _shown(body, origin)
    return _Version(gzip.compress(shown, mtime=0), etag(shown))


def _shown(body: bytes, origin: str) -> bytes:
    return body.replace(ORIGIN.encode(), origin.encode()) if origin else body


def origin_of(exchange: Exchange) -> str:
    """Where the server was asked, as far as it can be told. What it gives is nothing but a host and a port."""
    host = exchange.header(b"host") or b""
    if not _HOST.fullmatch(host):
        return _STARTED_WITHOUT_SETTINGS
    # Whoever forges it is shown it, and nobody else.
    scheme = "https" if exchange.header(b"x-forwarded-proto") == b"https" else "http"
    return f"{scheme}://{host.decode('ascii')}"


def takes_gzip(accepted: bytes | None) -> bool:
    """Whether an Accept-Encoding has room for gzip."""
    found = [match["weight"] for match in _GZIP.finditer(accepted or b"")]
    return bool(found) and all(weight is None or weight.strip(b"0.") for weight in found)
