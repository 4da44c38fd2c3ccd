"""What is to be had as a page and on paper too, by its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dues.pages.ageing import ageing_page
from dues.pages.paper import Paper
from dues.pages.receipts import receipt_page
from dues.pages.receipts.paper import receipt_name, receipt_paper
from dues.pages.statements import statement_page
from dues.pages.statements.paper import statement_name, statement_paper
from dues.pages.words import Language
from dues.resources.ageing.wire import AgeingBody
from dues.resources.receipts.wire import ReceiptBody
from dues.resources.statements.wire import StatementBody


@dataclass(frozen=True)
class Presented:
    """How something is shown. What is too long to be raises TooLongError."""

    page: Callable[[Any, Language], bytes]
    paper: Callable[[Any, Language], Paper] | None = None
    file_name: Callable[[Any], str] | None = None
    """Of a document, without its kind."""


PRESENTED: Final[Mapping[type, Presented]] = {
    StatementBody: Presented(statement_page, statement_paper, statement_name),
    ReceiptBody: Presented(receipt_page, receipt_paper, receipt_name),
    AgeingBody: Presented(ageing_page),
}
