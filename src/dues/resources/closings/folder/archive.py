"""A ZIP file whose bytes follow from what is in it: no time but one that is given, no order but that of writing."""

import hashlib
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import IO, Final

import msgspec

SUMS: Final = "SHA256SUMS"

LEVEL: Final = 6


class Archive:
    """Files that are written one after the other, and at last what proves them."""

    def __init__(self, to: IO[bytes], folder: str, made_at: datetime) -> None:
        """`to` can be sought in. Everything is in `folder`, and of the time `made_at`."""
        self._zip = zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._folder = folder
        self._time = made_at.astimezone(UTC).timetuple()[:6]
        self.files: dict[str, dict[str, object]] = {}
        """Name to bytes and sha256."""

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    async def add(self, name: str, parts: AsyncIterator[bytes]) -> None:
        """A file, while it is made."""
        digest, size = hashlib.sha256(), 0
        # Whether a file is long is not known before: the same head for all.
        with self._zip.open(self._info(name), "w", force_zip64=True) as file:
            async for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part)
        self.files[name] = {"bytes": size, "sha256": digest.hexdigest()}

    async def add_text(self, name: str, text: str) -> None:
        """A file that is at hand."""

        async def parts() -> AsyncIterator[bytes]:
            yield text.encode()

        await self.add(name, parts())

    async def end(self, manifest: dict[str, object]) -> None:
        """The manifest, with all files, and their sums as `sha256sum -c` reads them."""
        told = {**manifest, "files": dict(sorted(self.files.items()))}
        await self.add_text("manifest.json", msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")
        await self.add_text(SUMS, "".join(f"{one['sha256']}  {name}\n" for name, one in sorted(self.files.items())))

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(f"{self._folder}/{name}", self._time)
        info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
        return info
