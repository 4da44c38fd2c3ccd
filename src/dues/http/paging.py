"""Pages of lists as answers: with headers that lead to the next."""

from typing import Any
from urllib.parse import urlencode

import msgspec

from dues.http.context import Context
from dues.http.exchange import Exchange
from dues.http.problems import Reply
from dues.lists.paging import PageBody
from dues.lists.query import ListQuery


def page_reply(
    context: Context, exchange: Exchange, query: Any, page: PageBody, *headers: tuple[bytes, bytes]
) -> Reply:
    """A page, with headers that lead to the next."""
    body = msgspec.json.encode(page)
    if page.next_cursor is None:
        return Reply(200, body, headers=headers)
    assert isinstance(query, ListQuery)
    asked = urlencode({**query.everything, "limit": query.limit, "cursor": page.next_cursor})
    target = f"{context.public_url}{exchange.path}?{asked}"
    leads = [(b"next-cursor", page.next_cursor.encode()), (b"link", f'<{target}>; rel="next"'.encode())]
    return Reply(200, body, headers=[*headers, *leads])
