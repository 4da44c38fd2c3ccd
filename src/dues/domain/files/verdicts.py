"""What becomes of a file and of each of its rows: every verdict and every code, with what it means and what to do.

The documentation of files is made from these tables.
"""

from typing import Final, Literal, NamedTuple

from msgspec import Struct

Verdict = Literal["created", "updated", "unchanged", "rejected", "conflict"]


class Meaning(NamedTuple):
    """What a code or a verdict means, and what to do about it."""

    means: str
    do: str


VERDICTS: Final[dict[Verdict, Meaning]] = {
    "created": Meaning("Something new was made of the row.", "Nothing."),
    "updated": Meaning("What was there was changed to what the row says.", "Nothing."),
    "unchanged": Meaning("Everything is as the row says already. Nothing was written.", "Nothing."),
    "rejected": Meaning(
        "The row breaks a rule; `codes`, `columns` and `detail` say which. Nothing of it was carried out.",
        "Mend it in `result.csv?verdict=rejected` and send that file: the first six columns are ignored.",
    ),
    "conflict": Meaning(
        "The row is well-formed, and what is there forbids it: money was paid on it, or it has ended.",
        "Decide what is right, and change the bill by hand: the row alone cannot tell.",
    ),
}

FILE_CODES: Final[dict[str, Meaning]] = {
    "file_empty": Meaning("There is no row in it.", "Look whether the export that writes it has run."),
    "file_too_large": Meaning("It has more than 512 MiB, or than 1,000,000 rows.", "Cut it into several files."),
    "file_not_utf8": Meaning(
        "A byte is not UTF-8, or is NUL. `detail` says where.",
        "Save it as UTF-8; or, if it is Windows' own code, say `encoding=windows-1252`.",
    ),
    "file_not_gzip": Meaning(
        "It was sent with `Content-Encoding: gzip` and is not gzip, stops short, or grows more than 20-fold.",
        "Send it as it is, without `Content-Encoding`.",
    ),
    "header_missing_column": Meaning("The first line lacks a column that is required.", "Add the column."),
    "header_unknown_column": Meaning("The first line has a column that this kind of file does not.", "Rename it."),
    "header_duplicate_column": Meaning("The first line names a column twice.", "Remove one of the two."),
    "identifier_column_missing": Meaning(
        "The column that the merchant's files are identified by is not there.",
        "Add it, or set another: `dues merchants set --file-identifier`.",
    ),
    "too_many_columns": Meaning("A file may have 64 columns.", "Leave out what is not needed."),
    "too_many_metadata_columns": Meaning(
        "Beside the columns with a meaning a file may have ten, of names of 1 to 40 characters.",
        "Leave out what is not needed.",
    ),
    "file_name_unrecognised": Meaning(
        "The name of the file does not tell what is in it.",
        "Name it as the format says (`customers….csv`, or with country and day as Moment's are), or say its kind.",
    ),
    "file_date_in_future": Meaning("The name of the file says a day that has not come.", "Correct the name."),
    "file_out_of_order": Meaning(
        "A file of a later day was applied already: this one would undo what that said.",
        "Leave it; or send it with `again=true` if it is right.",
    ),
    "file_already_imported": Meaning(
        "The same bytes were imported before.", "Nothing; or send it with `again=true` to carry it out once more."
    ),
    "rows_rejected": Meaning(
        "It was to be carried out whole or not at all, and some rows were refused: `result.csv` has them. Nothing was "
        "done.",
        "Mend those rows and send the file again.",
    ),
    "too_many_rows_at_once": Meaning(
        "Whole or not at all is for 10,000 rows at most.", "Cut the file, or import it row by row."
    ),
}

OF_JOBS: Final = frozenset({"rows_rejected", "too_many_rows_at_once"})
"""What an import says of itself, since no call is answered with it."""

ROW_CODES: Final[dict[str, Meaning]] = {
    "column_count": Meaning("The row has more or fewer columns than the first line.", "Look for a missing quote."),
    "quote_malformed": Meaning(
        "A quote opens and never closes, or stands in the middle of a cell.",
        'Put the cell in quotes, and double each quote in it: `"He said ""no"""`.',
    ),
    "cell_too_long": Meaning("A cell has more than 4 KiB.", "Shorten it."),
    "required_missing": Meaning("A cell that is required is empty.", "Fill it."),
    "identity_missing": Meaning("Neither the passport nor the identity number is there.", "Fill one of the two."),
    "amount_malformed": Meaning(
        "It is no amount as this file has them: `240.00`, with a point and no more decimals than the currency has; in "
        "our own kinds an integer, in the smallest unit.",
        "Write it without currency, spaces and thousands separators.",
    ),
    "date_malformed": Meaning("A date is `YYYY-MM-DD`, and exists.", "Write it so."),
    "boolean_malformed": Meaning("It is `true` or `false`.", "Write it so."),
    "number_mangled_by_spreadsheet": Meaning(
        "A spreadsheet has made `8.501E+12` of a number: its last digits are lost.",
        "Export it again with the column as text.",
    ),
    "duplicate_in_file": Meaning("An earlier row of the same file has the same key.", "Remove one of the two."),
    "bill_part_paid": Meaning(
        "The amount of a bill was to change of which something was paid.",
        "Credit the bill, or make another one for the difference.",
    ),
}

WARNINGS: Final[dict[str, Meaning]] = {
    "identity_check_digit": Meaning("The last digit of the identity number is wrong.", "Look whether it is mistyped."),
    "leading_zero_restored": Meaning("A phone number had lost its first 0.", "Export the column as text."),
    "phone_dropped": Meaning("What was to be a phone number is none; the row went on without it.", "Correct it."),
    "email_dropped": Meaning("What was to be an e-mail address is none; the row went on without it.", "Correct it."),
    "left_out": Meaning(
        "The row is of a bill that was voided or of a payment that was reversed, as an export has them. Nothing is "
        "made of it.",
        "Nothing.",
    ),
    "overwrote_payments": Meaning(
        "The new balance overwrote payments that are younger than the last one; `detail` says how much.",
        "Say of which time the file is: `as_of`.",
    ),
}


class FileRefusedError(Exception):
    """A whole file is refused, and nothing of it is kept. `code` is one of FILE_CODES."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Fault(Struct, frozen=True):
    """Something that is wrong with a row, or to be known of it: the code, the column, and a sentence."""

    code: str
    column: str
    detail: str
