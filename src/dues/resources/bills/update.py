"""PATCH /billing/bills/{bill}: the new total of what was paid, metadata; and POST …/void: it ends, for good."""

from dues.commands.command import Modify
from dues.commands.known import TenantLookup
from dues.commands.shapes import change
from dues.domain.bill_changes import BillChanges, update_bill, void_bill
from dues.domain.bills import Bill
from dues.domain.entries import Cause
from dues.domain.records import Change, Record
from dues.domain.refusals import Refusal
from dues.resources.bills.store import BILL


def _update(
    record: Record[Bill], wanted: Modify[BillChanges], _lookup: TenantLookup, cause: Cause
) -> Change[Bill] | Refusal:
    return update_bill(record, wanted.changes, cause)


def _void(record: Record[Bill], _wanted: Modify[None], _lookup: TenantLookup, cause: Cause) -> Change[Bill] | Refusal:
    return void_bill(record, cause)


UPDATE_BILLS = change(BILL, "update", _update)
VOID_BILLS = change(BILL, "void", _void)
