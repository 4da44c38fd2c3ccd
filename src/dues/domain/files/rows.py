"""What a row of a file asks for, and what reading a file goes by."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from dues.domain.accounts import NewAccount
from dues.domain.adjustments import NewAdjustment
from dues.domain.bills import NewBill
from dues.domain.credits import NewCredit
from dues.domain.customers import NewCustomer
from dues.domain.files.verdicts import Fault
from dues.domain.new_payments import NewPayment

FileKindName = Literal[
    "moment_full", "moment_daily", "customers", "accounts", "bills", "payments", "adjustments", "credits"
]

Model = Literal["customer_balance", "account_balance", "bill"]
"""What the amount of a row of Moment's files is: the balance of a customer or of an account of theirs, or a bill."""

RESULT_COLUMNS: Final = ("line", "verdict", "codes", "columns", "detail", "object_id")
"""What result.csv has before the original columns. In a file that is sent they are ignored, so that a result can be
mended and sent as it is."""


class FileSettings(Struct, frozen=True):
    """What the merchant has set of Moment's files, and what the name of this one says.

    `identifier` is the column that has the reference; `identity`: the passport or identity number is it.
    """

    model: Model = "customer_balance"
    identifier: str = "external_reference"
    currency: str = "ZAR"
    country: str = "ZA"
    file_date: date | None = None


class NewBillRow(Struct, frozen=True):
    """A bill as a row has it: to be made, or to become so. `settled`: nothing remains of it, whatever it was for."""

    bill: NewBill
    settled: bool = False


class AdjustmentRow(Struct, frozen=True):
    """A signed delta to the balance of the account or customer that is called so."""

    noun: Literal["account", "customer"]
    name: str
    new: NewAdjustment


class CreditRow(Struct, frozen=True):
    """A credit of the bill that is called so."""

    bill: str
    new: NewCredit


class NothingRow(Struct, frozen=True):
    """A row that says of itself that nothing is to be made of it."""


Wanted = NothingRow | NewCustomer | NewAccount | NewBillRow | NewPayment | AdjustmentRow | CreditRow


class Identity(Struct, frozen=True):
    """The number that a person is known by to the state. It is recognised again, and not kept."""

    text: str


class ReadRow(NamedTuple):
    """What a row asks for, and what is to be said of it though it is good."""

    wanted: Wanted
    warnings: Sequence[Fault] = ()
    identity: Identity | None = None


Cells = Mapping[str, str]
"""A row by its columns, without those that are empty."""


class FileKind(Struct, frozen=True):
    """A kind of file. `check` refuses a first line, raising FileRefusedError; `key` is what makes a row the same as
    another, None where that is missing; `read` gives what a row asks for, or all its faults."""

    name: FileKindName
    required: Sequence[str]
    """What the first line has in any case: what separates its columns is told by it."""
    check: Callable[[Sequence[str], FileSettings], None]
    key: Callable[[Cells, FileSettings], str | None]
    read: Callable[[Cells, FileSettings], ReadRow | list[Fault]]
    documented: Mapping[str, str] = {}
    """Column to what it means."""
