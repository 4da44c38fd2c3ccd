"""A statement of account on paper: the same words, set by `statement.typ`, and a slip to pay with at its foot."""

from functools import cache
from importlib.resources import files

from dues.pages.paper import Paper
from dues.pages.statements.told import headings, tell
from dues.pages.words import Language, Words
from dues.resources.statements.wire import StatementBody


@cache
def _template() -> bytes:
    return (files(__package__) / "statement.typ").read_bytes()


def statement_name(body: StatementBody) -> str:
    """What the file of the document is called."""
    return f"statement-{body.from_}-{body.to}"


def statement_paper(body: StatementBody, language: Language) -> Paper:
    """The document, to be set. Raises TooLongError."""
    words = Words(language, __package__)
    told = tell(body, words)
    columns = {one.currency: headings(words, one.currency) for one in told.currencies}
    return Paper(_template(), {"told": told, "columns": columns}, told.day)
