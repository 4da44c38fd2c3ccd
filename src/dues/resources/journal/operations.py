"""What the API offers of the books, for whoever keeps them elsewhere."""

from typing import Final

from dues.resources.doing import Streams
from dues.resources.journal.query import JournalQuery
from dues.resources.journal.write import read_journal
from dues.resources.operation import NoQuery, Operation

_HLEDGER: Final = """; dues journal of 2026-01-01 to 2026-01-31 (Africa/Johannesburg)
decimal-mark .

commodity 1000.00 ZAR

2026-01-05 Bill INV-1
    ; id: bill_0Ue8xQb7sT2kL9wMpZc5h
    ; customer: METER-3001
    ; bill_date: 2026-01-05
    assets:receivable:METER-3001  1500.00 ZAR
    income:billed  -1500.00 ZAR
"""

_CSV: Final = """Date,Narration,Account,Debit,Credit,Currency\r
2026-01-05,"Bills, credits and balances (ZAR)",assets:receivable,1500.00,,ZAR\r
2026-01-05,"Bills, credits and balances (ZAR)",income:billed,,1500.00,ZAR\r
"""

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/billing/journal",
        does=Streams(read_journal, ("text/plain", "text/csv")),
        id="fetch_journal",
        tag="Files",
        summary="Fetch the journal of some days",
        description="Everything that moved, as double entries: a file for hledger, beancount, ledger or a spreadsheet. "
        "It is of one moment, in the order of time, and the same again whenever days that are over are asked for.",
        query=JournalQuery,
        answer=NoQuery,
        example={"text/plain": _HLEDGER, "text/csv": _CSV},
    ),
)
