"""Every page and every file that pages load: where it is, and how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from dues.pages.docs import docs_page
from dues.pages.errors import ProblemType, errors_page
from dues.pages.frame import ASSETS
from dues.pages.guides import contents_page, guide_page, guides, pictures
from dues.pages.guides.search import search_index
from dues.pages.look import STYLE
from dues.pages.look.gallery import gallery_page

HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class File:
    """A file to be served. `tells_origin`: it says where the server is. `is_named_by_hash`: it never changes."""

    make: Callable[[], bytes]
    content_type: str
    tells_origin: bool = False
    is_named_by_hash: bool = False


def site(openapi: Mapping[str, Any], problem_types: Mapping[str, ProblemType]) -> dict[str, File]:
    """All of them, by path. Nothing is made before it is asked for."""
    return {
        "/docs": _page(partial(docs_page, openapi)),
        "/docs/errors": _page(partial(errors_page, problem_types)),
        "/docs/guides": _page(contents_page),
        **{guide.path: _page(partial(guide_page, guide)) for guide in guides().values()},
        **{f"/docs/{name}": File(partial(bytes, picture), "image/png") for name, picture in pictures().items()},
        "/docs/components": _page(gallery_page),
        "/docs/search.json": File(partial(search_index, openapi, problem_types), "application/json"),
        **{
            f"/docs/assets/{asset.name}": File(asset.read, asset.content_type, is_named_by_hash=True)
            for asset in (*ASSETS.values(), STYLE)
        },
    }


def _page(make: Callable[[], bytes]) -> File:
    return File(make, HTML, tells_origin=True)
