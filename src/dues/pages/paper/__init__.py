"""Documents of paper: set by typst from a template that is ours and data that is only ever text, as tagged PDF."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

from dues.db.errors import Unavailable

SECONDS_MAX: Final = 30.0
"""From when a document is asked for until it is there: what waits before it is set first, one at a time."""

_FONTS: Final = "fontpkg.family"
"""Under this name packages say that they are a font. All that are installed are used."""

_INSTALL: Final = "This server sets no PDF documents. Whoever runs it: pip install 'dues[pdf]'."


@cache
def can_be_set() -> bool:
    """Whether what sets documents is there."""
    return find_spec("typst") is not None


class NotInstalledError(Exception):
    """What sets documents is not there. The message says how it gets there."""


class TooLongError(Exception):
    """There is more in it than is set on paper. The message says how much that may be."""


@dataclass(frozen=True)
class Paper:
    """A document to be set: a template of typst, and what it finds as JSON in `sys.inputs.data`.

    `day` is when it says it was made, so that the same is the same document, byte by byte.
    """

    template: bytes
    data: Any
    day: date


class Printer:
    """Sets documents, one after the other, in a thread of its own: two at once would take as long.

    `font_paths`: folders of fonts beside those that are installed as packages, with colons between them.
    """

    def __init__(self, font_paths: str = "") -> None:
        self._font_paths = [str(Path(path).expanduser()) for path in font_paths.split(os.pathsep) if path]
        self._thread = ThreadPoolExecutor(1, "paper")
        self._set: Callable[[Paper], bytes] | None = None

    async def print(self, paper: Paper) -> bytes:
        """The document. Raises NotInstalledError, and Unavailable where too many wait."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SECONDS_MAX):
                return await loop.run_in_executor(self._thread, self.set, paper)
        except TimeoutError:
            raise Unavailable("too many documents wait to be set") from None

    def set(self, paper: Paper) -> bytes:
        """The document, in this thread. Raises NotInstalledError."""
        if self._set is None:
            self._set = self._begin()
        return self._set(paper)

    def _begin(self) -> Callable[[Paper], bytes]:
        """Reads the fonts, once."""
        try:
            import typst
        except ImportError:
            raise NotInstalledError(_INSTALL) from None
        folders = [*self._font_paths, *_installed_fonts()]
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        compiler = typst.Compiler(font_paths=fonts, root=str(Path(__file__).parent))

        def set_in(paper: Paper) -> bytes:
            asked: dict[str, Any] = {
                "input": paper.template,
                "format": "pdf",
                "sys_inputs": {"data": msgspec.json.encode(paper.data).decode()},
                "timestamp": datetime.combine(paper.day, time(), UTC),
            }
            try:
                document = compiler.compile(**asked, pdf_standards=["ua-1"])
            except typst.TypstError:
                # PDF/UA has no document with a letter that no font can show. Who is called so gets one all the same,
                # tagged alike, with a box in the place of the letter.
                document = compiler.compile(**asked)
            assert isinstance(document, bytes)
            return document

        return set_in


def _installed_fonts() -> list[str]:
    """Folders of fonts that are packages."""
    found = [find_spec(one.value) for one in entry_points(group=_FONTS)]
    return sorted(str(Path(spec.origin).parent / "files") for spec in found if spec and spec.origin)
