"""Endpoints whose answer is to be had in several forms: as JSON, as a table, as a page, as a document of paper."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import msgspec

from dues.http.accepting import CSV, HTML, JSON, PDF, media_type_of
from dues.http.context import Context, Endpoint, answered, call_of, caller_of, named
from dues.http.exchange import Exchange
from dues.http.paging import page_reply
from dues.http.problems import ProblemError, Reply
from dues.http.queries import decode_query
from dues.http.streaming import document_reply
from dues.lists.paging import PageBody
from dues.pages.look import POLICY_OF_FILES
from dues.pages.paper import NotInstalledError, TooLongError
from dues.pages.presented import PRESENTED
from dues.pages.words import language_of
from dues.resources.doing import Presents
from dues.resources.operation import Operation

Made = TypeVar("Made")

SUFFIXES: Final = {".csv": CSV, ".html": HTML, ".pdf": PDF}
"""What a path may end with, for whoever cannot say what they accept."""

FORMS: Final = (JSON, CSV, HTML, PDF)

_OF_FILES: Final = ((b"content-security-policy", POLICY_OF_FILES), (b"referrer-policy", b"no-referrer"))

_VARY: Final = (b"vary", b"accept, accept-language")


def forms_of(presents: Presents) -> tuple[str, ...]:
    """As what it is to be had, the usual one first."""
    left_out = {CSV: presents.table is None, HTML: not presents.is_a_page, PDF: not presents.is_on_paper}
    return tuple(form for form in FORMS if not left_out.get(form))


def present(context: Context, operation: Operation, presents: Presents, form: str | None = None) -> Endpoint:
    """Answers in the `form` (a media type), or in the one that is accepted most."""
    parameter = operation.parameter
    shown, forms = PRESENTED.get(operation.answer), forms_of(presents)

    async def endpoint(exchange: Exchange) -> Reply:
        key = await caller_of(context, operation, exchange)
        wanted = form or media_type_of(exchange.header(b"accept"), forms)
        if wanted is None:
            raise ProblemError("not_acceptable", f"It is to be had as {', '.join(forms[:-1])} or {forms[-1]}.")
        query = decode_query(exchange.query_string, operation.query)
        call = call_of(context, exchange, key, named(parameter, exchange), query)
        if wanted == CSV and presents.table:
            return document_reply(await answered(presents.table(call)))
        makes = presents.page if wanted == HTML and presents.page else presents.function
        answer: Any = await answered(makes(call))
        if wanted == JSON and isinstance(answer, PageBody):
            return page_reply(context, exchange, query, answer, _VARY)
        if wanted == JSON:
            return Reply(200, msgspec.json.encode(answer), headers=[_VARY])
        assert shown, "what is a page is among them"
        language = language_of(getattr(query, "lang", None), exchange.header(b"accept-language"))
        if wanted == HTML:
            # In a thread, since a long one takes a tenth of a second, in which nobody else would be answered.
            page = await made(asyncio.to_thread(shown.page, answer, language))
            return Reply(200, page, b"text/html; charset=utf-8", [*_OF_FILES, _VARY])
        assert shown.paper
        assert shown.file_name
        paper = await made(asyncio.to_thread(shown.paper, answer, language))
        document = await made(context.printer.print(paper))
        name = (b"content-disposition", f'inline; filename="{shown.file_name(answer)}.pdf"'.encode())
        return Reply(200, document, PDF.encode(), [name, _VARY])

    return endpoint


async def made(awaited: Awaitable[Made]) -> Made:
    """What is made for people, or the problem that it is not."""
    try:
        return await awaited
    except TooLongError as error:
        raise ProblemError("statement_too_long", str(error)) from None
    except NotInstalledError as error:
        raise ProblemError("pdf_not_installed", str(error)) from None
