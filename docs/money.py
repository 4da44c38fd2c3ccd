"""What happens to the money: every movement, carried out by the domain's own functions on a small example."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from textwrap import wrap
from typing import Any, Final

from dues.domain.accounts import Account, AccountChanges
from dues.domain.adjustments import NewAdjustment
from dues.domain.applications import ApplicationPart, Unapply, apply_parts, unapply
from dues.domain.bill_changes import BillChanges, update_bill, void_bill
from dues.domain.bills import Bill
from dues.domain.credits import Credit, NewCredit, NewCreditReversal, credit_bill, reverse_credit
from dues.domain.entries import Cause, Entry
from dues.domain.money import AMOUNT_MAX
from dues.domain.new_payments import NewPayment
from dues.domain.owners import adjust_owner, opening, update_owner
from dues.domain.payment_rules import PaymentRules
from dues.domain.payments import Payment, make_payment
from dues.domain.records import Change, Record, made
from dues.domain.refunds import NewRefund, refund_payment
from dues.domain.refusals import Refusal
from dues.domain.reversals import NewReversal, reverse_payment

CAUSE: Final = Cause(1, "req_1", None, datetime(2026, 1, 20, 9, 15, tzinfo=UTC))

RULES: Final = PaymentRules(1, AMOUNT_MAX, underpayment_allowed=True, overpayment_allowed=False)

BOUNCED: Final = NewReversal(reason="bounced")

WIDTH: Final = 118


class Nothing:
    """A lookup that finds nothing: no reference here is taken."""

    def find(self, _noun: str, _name: str) -> None:
        """None."""

    def find_id(self, _noun: str, _name: str) -> None:
        """None."""

    def find_taken(self, _noun: str, _reference: str) -> None:
        """None."""

    def find_rules(self, _noun: str, _currency: str | None) -> None:
        """None."""


class Books:
    """The account METER-7, which owes 300, and its bills INV-1 of 1000 and INV-2 of 500, of which nothing is paid."""

    def __init__(self) -> None:
        self.records: dict[str, Record[Any]] = {}
        self.entries: list[Entry] = []
        account = Account(id="bacc_1", external_reference="METER-7", customer_id="bcus_1", currency="ZAR", balance=300)
        self._take(made(account, RULES, opening(account, CAUSE)))
        for number, amount_due in enumerate((1000, 500), 1):
            self._take(made(_bill(number, amount_due), RULES))

    def __getitem__(self, reference: str) -> Record[Any]:
        """What is called so, as it is now: of payments, the last."""
        return [one for one in self.records.values() if one.of.external_reference == reference][-1]

    def _take(self, *changes: Change[Any] | Refusal) -> None:
        for change in changes:
            assert not isinstance(change, Refusal), change.detail
            self.records[change.after.of.id] = change.after
            self.entries += change.entries

    def pay(self, amount: int, **changes: Any) -> None:
        """The payment EFT-1."""
        [target] = [name for name in ("bill", "account") if name in changes]
        bills = [self["INV-1"], self["INV-2"]] if "allocation" in changes else []
        again = self[changes["represents"]] if "represents" in changes else None
        new = NewPayment(external_reference="EFT-1", amount=amount, currency="ZAR", **changes)
        taken = make_payment(new, self[changes[target]], bills, again, None, CAUSE)
        assert not isinstance(taken, Refusal), taken.detail
        self._take(*([taken.represented] if taken.represented else []), *taken.paid, taken.payment)

    def apply(self, bill: str, amount: int) -> None:
        """Held money goes to a bill."""
        moved = apply_parts(self["EFT-1"], [ApplicationPart(bill=bill, amount=amount)], [self[bill]], CAUSE)
        assert not isinstance(moved, Refusal), moved.detail
        self._take(*moved.owed, moved.payment)

    def unapply(self, bill: str, amount: int) -> None:
        """Money of a bill is held again."""
        moved = unapply(self["EFT-1"], Unapply(bill=bill, amount=amount), self[bill], CAUSE)
        assert not isinstance(moved, Refusal), moved.detail
        self._take(*moved.owed, moved.payment)

    def refund(self, amount: int) -> None:
        """Held money goes out again."""
        refunded = refund_payment(self["EFT-1"], NewRefund(amount=amount, external_reference="RF-1"), Nothing(), CAUSE)
        assert not isinstance(refunded, Refusal), refunded.detail
        self._take(refunded.payment)

    def credit(self, bill: str, amount: int) -> None:
        """A bill is lowered."""
        new = NewCredit(amount=amount, kind="credit_note", reason="Too much", external_reference="CN-1")
        payments = [one for one in self.records.values() if isinstance(one.of, Payment)]
        credited = credit_bill(self[bill], new, payments, Nothing(), CAUSE)
        assert not isinstance(credited, Refusal), credited.detail
        self._take(credited.credit, credited.bill, *credited.payments)

    def reverse_credit(self, bill: str) -> None:
        """The credit is taken back."""
        credited = reverse_credit(self[bill], self["CN-1"], NewCreditReversal(), CAUSE)
        assert not isinstance(credited, Refusal), credited.detail
        self._take(credited.credit, credited.bill)

    def reverse(self) -> None:
        """The payment bounces."""
        payment = self["EFT-1"]
        owed = {one.owner_id: self.records[one.owner_id] for one in payment.of.applications}
        undone = reverse_payment(payment, owed, BOUNCED, CAUSE)
        assert not isinstance(undone, Refusal), undone.detail
        self._take(*undone)

    def patch_bill(self, bill: str, amount_paid: int) -> None:
        """What was paid of a bill is recorded by hand."""
        self._take(update_bill(self[bill], BillChanges(amount_paid=amount_paid), CAUSE))

    def patch_balance(self, balance: int | None) -> None:
        """The account's balance is another, or is tracked no more."""
        self._take(update_owner(self["METER-7"], AccountChanges(balance=balance), RULES, CAUSE))

    def adjust(self, amount: int) -> None:
        """A charge on the balance."""
        self._take(adjust_owner(self["METER-7"], NewAdjustment(amount=amount, reason="January"), None, CAUSE))

    def void(self, bill: str) -> None:
        """A bill is voided."""
        self._take(void_bill(self[bill], CAUSE))


def _bill(number: int, amount_due: int) -> Bill:
    return Bill(
        id=f"bill_{number}",
        external_reference=f"INV-{number}",
        customer_id="bcus_1",
        account_id="bacc_1",
        currency="ZAR",
        amount_due=amount_due,
        amount_paid=0,
        status="unpaid",
        bill_date=date(2026, 1, 5),
        due_date=date(2026, 1, 31),
        payment_rules=None,
        metadata=None,
    )


Step = Callable[[Books], None]


def _held(books: Books) -> None:
    books.pay(1200, bill="INV-1", rest="hold")


def _moved(books: Books) -> None:
    _held(books)
    books.apply("INV-2", 150)


def _lost(books: Books) -> None:
    books.pay(1600, account="METER-7", allocation="oldest_due_first")
    books.patch_balance(None)


def _reversed(books: Books) -> None:
    books.pay(400, bill="INV-1")
    books.reverse()


def _returned(books: Books) -> None:
    _moved(books)
    books.refund(20)


def _nothing(_: Books) -> None:
    """Nothing came before."""


MOVEMENTS: Final[Sequence[tuple[str, str, Step, Step]]] = (
    (
        "A payment of a bill",
        "400 for INV-1. The payment has no ledger as long as nothing of it was ever held.",
        _nothing,
        lambda books: books.pay(400, bill="INV-1"),
    ),
    (
        "A payment of a balance",
        "100 for METER-7: what it owes falls.",
        _nothing,
        lambda books: books.pay(100, account="METER-7"),
    ),
    (
        "A payment over bills",
        "1700 for METER-7, the oldest bills first; what they leave goes to the balance.",
        _nothing,
        lambda books: books.pay(1700, account="METER-7", allocation="oldest_due_first"),
    ),
    (
        "A payment that is more than is owed, the rest held",
        "1200 for INV-1, with `rest: hold`.",
        _nothing,
        _held,
    ),
    (
        "Held money is applied",
        "150 of the 200 that are held go to INV-2.",
        _held,
        lambda books: books.apply("INV-2", 150),
    ),
    (
        "Applied money is held again",
        "`unapply` takes 100 of that back from INV-2. With an application elsewhere, it has moved.",
        _moved,
        lambda books: books.unapply("INV-2", 100),
    ),
    ("A refund", "50 of the 200 that are held went out again.", _held, lambda books: books.refund(50)),
    (
        "A credit of a bill",
        "INV-2 is lowered by 120. Nothing was paid of it, so no money moves.",
        _nothing,
        lambda books: books.credit("INV-2", 120),
    ),
    (
        "A credit of a bill that is paid",
        "INV-1 was paid and is lowered by 300: what is too much now is held again by the payment that brought it.",
        lambda books: books.pay(1000, bill="INV-1"),
        lambda books: books.credit("INV-1", 300),
    ),
    (
        "A credit is reversed",
        "The bill comes to 120 more again.",
        lambda books: books.credit("INV-2", 120),
        lambda books: books.reverse_credit("INV-2"),
    ),
    (
        "A reversal",
        "EFT-1, of which 1000 is on INV-1, 150 on INV-2 and 50 held, bounces: all three are taken back.",
        _moved,
        lambda books: books.reverse(),
    ),
    (
        "A reversal of which a part cannot be taken back",
        "EFT-1 paid both bills and 100 of the balance, which METER-7 tracks no more: the 100 are in `not_restored`.",
        _lost,
        lambda books: books.reverse(),
    ),
    (
        "A reversal of what was refunded in part",
        "20 went out again before the payment bounced. They are in `not_restored`, and owed again by whoever got them.",
        _returned,
        lambda books: books.reverse(),
    ),
    (
        "A payment that comes again",
        "EFT-1 was reversed, and is collected again under the same reference, with `represents`.",
        _reversed,
        lambda books: books.pay(400, bill="INV-1", represents="EFT-1"),
    ),
    (
        "What was paid is recorded by hand",
        "`PATCH` of INV-1 with an `amount_paid` of 250.",
        _nothing,
        lambda books: books.patch_bill("INV-1", 250),
    ),
    (
        "A balance is adjusted",
        "A charge of 80 on METER-7.",
        _nothing,
        lambda books: books.adjust(80),
    ),
    (
        "A balance is set",
        "`PATCH` of METER-7 with a `balance` of 260.",
        _nothing,
        lambda books: books.patch_balance(260),
    ),
    (
        "A bill is voided",
        "Nothing was paid of INV-2, so there is nothing to move.",
        _nothing,
        lambda books: books.void("INV-2"),
    ),
)
"""Each: its title, what it does, what came before, and itself."""


def money() -> Iterator[str]:
    """The page."""
    yield "# What happens to the money"
    yield ""
    yield from wrap(
        "Every movement of money is entries in ledgers, written with what they change. A customer, an account, a bill "
        "and a payment has a ledger each: its entries add up to the balance; of a bill, to what is settled of it, paid "
        "or credited; of a payment, to what is held of it. Here is each movement, with the entries that it leaves. "
        "They are made by the code that makes them in a server.",
        WIDTH,
    )
    yield ""
    yield from wrap(
        "Before each, the account METER-7 owes 300, and has two open bills: INV-1 of 1000 and INV-2 of 500. EFT-1 "
        "is the payment. What is said to be so by then came about as is shown elsewhere on this page.",
        WIDTH,
    )
    for title, says, before, movement in MOVEMENTS:
        books = Books()
        before(books)
        seen, old = len(books.entries), dict(books.records)
        movement(books)
        yield from ("", f"## {title}", "", *wrap(says, WIDTH), "")
        yield from _table(books, books.entries[seen:])
        yield from wrap(f"Then {_state(books.records, old)}.", WIDTH)


def _table(books: Books, entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        yield from ("No entry.", "")
        return
    yield "| ledger | kind | amount | balance after |"
    yield "| --- | --- | --- | --- |"
    for entry in entries:
        reference = books.records[entry.owner_id].of.external_reference
        yield f"| {reference} | `{entry.kind}` | {entry.amount:+} | {entry.balance_after} |"
    yield ""


def _state(new: Mapping[str, Record[Any]], old: Mapping[str, Record[Any]]) -> str:
    """How those are that have changed."""
    told = [_told(record.of) for id_, record in new.items() if old.get(id_) != record]
    return "; ".join(told)


def _told(of: Any) -> str:
    match of:
        case Bill():
            credited = f", {of.amount_credited} credited" if of.amount_credited else ""
            return (
                f"{of.external_reference} is {of.status}, {of.amount_paid} paid{credited}, {of.outstanding} outstanding"
            )
        case Account():
            return f"{of.external_reference} has a balance of {of.balance}"
        case Payment():
            return f"{of.external_reference} is {of.status}{_parts(of)}"
        case Credit():
            return f"{of.external_reference} {'was reversed' if of.reversed_at else 'stands'}"
    raise AssertionError(of)


def _parts(payment: Payment) -> str:
    if payment.represented_by:
        return ", and came again"
    if payment.status == "reversed":
        lost = [f"{one.not_restored} ({one.not_restored_reason})" for one in payment.applications if one.not_restored]
        lost += [f"{payment.amount_refunded} (refunded)"] if payment.amount_refunded else []
        return f", {', '.join(lost)} not restored" if lost else ""
    live = sum(one.live for one in payment.applications)
    refunded = f", {payment.amount_refunded} refunded" if payment.amount_refunded else ""
    return f", {live} on bills and balances, {payment.amount_unapplied} held{refunded}"
