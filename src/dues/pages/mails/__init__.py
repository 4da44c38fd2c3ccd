"""What a mail says beside its page: its subject, and the same in plain text."""

from collections.abc import Sequence

from msgspec import Struct

from dues.pages.receipts.told import tell as tell_receipt
from dues.pages.statements.told import tell as tell_statement
from dues.pages.words import Language, Words
from dues.resources.receipts.wire import ReceiptBody
from dues.resources.statements.wire import StatementBody


class Letter(Struct, frozen=True):
    """Who writes, about what, and the text."""

    merchant: str
    subject: str
    text: str


def receipt_letter(body: ReceiptBody, language: Language) -> Letter:
    """Of a receipt."""
    told, words = tell_receipt(body, language), Words(language, __name__)
    amount = f"{told.currency} {told.amount}"
    lines = [told.merchant, "", f"{told.question}: {amount}", told.taken_back, *told.notes, ""]
    lines += [f"{label}: {' · '.join(names)}" for label, names in told.facts]
    lines += ["", *(f"{what}: {paid}" for what, paid in told.lines)]
    subject = words("receipt_subject", merchant=body.merchant, amount=amount)
    return _letter(body.merchant, subject, told.test, lines, words)


def statement_letter(body: StatementBody, language: Language) -> Letter:
    """Of a statement. Raises TooLongError."""
    own = Words(language, __name__)
    told = tell_statement(body, Words(language, "dues.pages.statements"))
    lines = [told.merchant, "", f"{told.title}, {told.period}", ""]
    lines += [f"{label}: {' · '.join(names)}" for label, names in told.facts]
    lines += ["", *(f"{one.question}: {one.currency} {one.answer} {one.credit}".strip() for one in told.currencies)]
    lines += ["", f"{told.payment[0]}: {told.payment[1]}"]
    if told.pay_at:
        lines += ["", told.says["how_to_pay"], told.pay_at[1]]
    subject = own("statement_subject", merchant=body.merchant, period=told.period)
    return _letter(body.merchant, subject, told.test, lines, own)


def _letter(merchant: str, subject: str, test: str, lines: Sequence[str], words: Words) -> Letter:
    text = "\n".join([*([test, ""] if test else []), *lines, "", words("whole")])
    return Letter(merchant, f"TEST: {subject}" if test else subject, f"{text}\n")
