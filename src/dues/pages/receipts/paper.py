"""A receipt on paper: the same words, set by `receipt.typ`."""

from functools import cache
from importlib.resources import files

from dues.pages.paper import Paper
from dues.pages.receipts.told import tell
from dues.pages.words import Language
from dues.resources.receipts.wire import ReceiptBody


@cache
def _template() -> bytes:
    return (files(__package__) / "receipt.typ").read_bytes()


def receipt_name(body: ReceiptBody) -> str:
    """What the file of the document is called."""
    return f"receipt-{body.payment}"


def receipt_paper(body: ReceiptBody, language: Language) -> Paper:
    """The document, to be set."""
    told = tell(body, language)
    return Paper(_template(), {"told": told}, told.day)
