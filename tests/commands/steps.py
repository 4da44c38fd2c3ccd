"""What may be asked of the commands, and any sequence of it: of two tenants, of few objects, by id or by reference."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Name:
    """An object, by its reference; or by its id where the client can know it by then."""

    noun: str
    reference: str
    by_id: bool


@dataclass(frozen=True)
class Step:
    """A request: whose, of which command, and with what body, in which names stand for themselves.

    `key`: the idempotency key it comes under. `breaks`: where it fails, as only a defect of ours could make it.
    `below`: what belongs to the object and is meant.
    """

    tenant: int
    command: str
    body: Any
    name: Name | None = None
    if_match: str | None = None
    key: str | None = None
    breaks: str | None = None
    below: Name | None = None


@dataclass(frozen=True)
class Sequence:
    """Steps, cut into groups of these sizes (the last takes the rest), which of them are cautious."""

    steps: list[Step]
    cuts: list[int] = field(default_factory=list)
    cautious: list[bool] = field(default_factory=list)

    def groups(self) -> list[tuple[list[int], bool]]:
        """The numbers of each group's steps, and whether it is cautious."""
        left, groups = list(range(len(self.steps))), list[tuple[list[int], bool]]()
        for size, cautious in zip(self.cuts, self.cautious, strict=True):
            groups.append((left[:size], cautious))
            left = left[size:]
        return [group for group in [*groups, (left, False)] if group[0]]


def often(*usual: Any) -> st.SearchStrategy[Any]:
    """One of these, mostly the first."""
    return st.sampled_from([*usual[:1] * 3, *usual])


def names(noun: str, count: int) -> st.SearchStrategy[Name]:
    """One of so many objects, mostly the first."""
    references = often(*(f"{noun} {number}" for number in range(count)))
    return st.builds(Name, st.just(noun), references, st.sampled_from([False, False, True]))


CUSTOMERS, ACCOUNTS, BILLS, PAYMENTS, CREDITS, REFUNDS = (
    names(noun, count)
    for noun, count in [("customer", 2), ("account", 2), ("bill", 4), ("payment", 4), ("credit", 3), ("refund", 3)]
)
OWNERS = CUSTOMERS | ACCOUNTS


def some(required: dict[str, Any], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A body with what is required and some of what is not."""
    return st.fixed_dictionaries(required, optional=optional)


currencies = often("ZAR", "USD")
amounts = st.integers(1, 60) | st.sampled_from([100, 2**53 - 1])
balances = st.integers(-50, 200) | st.sampled_from([2**53 - 1, 2**53])
metadata = st.dictionaries(st.sampled_from("ab"), st.sampled_from(["1", "2"]), max_size=2)
merged = st.none() | st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", None]), max_size=2)
rules = st.sampled_from(
    [
        {"min_amount": 1, "max_amount": 500, "underpayment_allowed": True, "overpayment_allowed": True},
        {"min_amount": 10, "max_amount": 40, "underpayment_allowed": False, "overpayment_allowed": False},
    ]
)
dates = st.sampled_from(["2126-01-05", "2126-02-01", "2126-03-01", "2126-01-01"])


def _reference(name: Name) -> str:
    return name.reference


owners_fields = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"currency": currencies, "balance": balances}),
    st.fixed_dictionaries({"currency": currencies}),
)


def new_owner(noun: st.SearchStrategy[Name], **required: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The body of a new customer or account."""
    own = some(
        {"external_reference": noun.map(_reference), **required},
        name=st.sampled_from(["J", "K"]),
        metadata=metadata,
        payment_rules=rules,
    )
    return st.builds(lambda one, money: one | money, own, owners_fields)


new_customers = new_owner(CUSTOMERS)
new_accounts = new_owner(ACCOUNTS, customer=CUSTOMERS | new_customers)


def _is_due_in_time(bill: dict[str, Any]) -> bool:
    return str(bill.get("due_date", "9")) >= str(bill.get("bill_date", ""))


new_bills = st.builds(
    lambda bill, owner: bill | owner,
    some(
        {"external_reference": BILLS.map(_reference), "currency": currencies, "amount_due": amounts},
        bill_date=st.just("2126-01-05"),
        due_date=dates,
        metadata=metadata,
        payment_rules=rules,
    ),
    st.fixed_dictionaries({"customer": CUSTOMERS | new_customers})
    | some({"account": ACCOUNTS | new_accounts}, customer=CUSTOMERS),
).filter(_is_due_in_time)


def _spread(payment: dict[str, Any], parts: list[tuple[Name, int]]) -> dict[str, Any]:
    """A payment whose parts are those, and that leaves as much as it said itself for the balance."""
    named = [{"bill": bill, "amount": amount} for bill, amount in parts]
    return payment | {"amount": payment["amount"] + sum(amount for _, amount in parts), "parts": named}


payments = some(
    {"external_reference": PAYMENTS.map(_reference), "amount": st.integers(1, 60), "currency": currencies},
    method=st.just("cash"),
    metadata=metadata,
    paid_at=st.just("2126-01-02T10:00:00+02:00"),
    rest=st.just("hold"),
)
payers = st.fixed_dictionaries({"customer": CUSTOMERS}) | st.fixed_dictionaries({"account": ACCOUNTS})
new_payments = st.one_of(
    st.builds(lambda one, owner: one | owner, payments, payers | st.fixed_dictionaries({"bill": BILLS})),
    st.builds(lambda one, owner: one | owner | {"allocation": "oldest_due_first"}, payments, payers),
    st.builds(
        lambda one, owner, parts: _spread(one | owner, parts),
        payments,
        payers,
        st.lists(st.tuples(BILLS, st.integers(1, 30)), min_size=1, max_size=3, unique_by=lambda part: part[0]),
    ),
)

again = st.builds(
    lambda one, owner, name, other: one | owner | {"represents": name, "external_reference": (other or name).reference},
    payments,
    payers | st.fixed_dictionaries({"bill": BILLS}),
    PAYMENTS,
    st.none() | PAYMENTS,
)

few = st.integers(1, 20)
places = payers | st.fixed_dictionaries({"bill": BILLS})
applications = st.one_of(
    st.lists(st.builds(lambda place, amount: place | {"amount": amount}, places, few), min_size=1, max_size=2).map(
        lambda parts: {"parts": parts}
    ),
    st.builds(lambda whose: whose | {"allocation": "oldest_due_first"}, st.just({}) | payers),
)
taking_back = st.builds(lambda place, amount: place | amount, places, some({}, amount=few))
refunds = some({"amount": few, "external_reference": REFUNDS.map(_reference)}, reason=st.just("Paid twice"))
credits_ = some(
    {"amount": few, "kind": st.sampled_from(["credit_note", "rounding"]), "reason": st.just("Line was down")},
    external_reference=CREDITS.map(_reference),
)
overdue = st.fixed_dictionaries({"bill_id": BILLS, "today": st.sampled_from(["2126-01-20", "2126-03-02"])})

owner_changes = some(
    {},
    name=st.sampled_from(["L", None]),
    currency=currencies,
    balance=st.none() | balances,
    metadata=merged,
    payment_rules=st.none() | rules,
)
balances_of_a_time = st.fixed_dictionaries(
    {
        "balance": balances,
        "balance_as_of": often("2126-01-05T08:29:00Z", "2126-01-05T08:30:00Z", "2126-01-05T08:31:00Z"),
    }
)
"""Before all that is done, at the moment of all that is done, and in the future of one of the tenants."""
bill_changes = st.one_of(
    some({}, amount_paid=st.integers(0, 70), metadata=merged, payment_rules=st.none() | rules),
    st.just({"amount_paid": 20, "reason": "In cash"}),
)
adjustments = some(
    {"amount": st.sampled_from([-50, -1, 1, 20, 2**53 - 1]), "reason": st.just("Interest")},
    external_reference=st.sampled_from(["FEE-1", "FEE-2"]),
)
reversals = some({"reason": st.sampled_from(["bounced", "fraud"])}, note=st.just("No funds"))

tenants = st.sampled_from([0, 0, 0, 0, 1])
keys = st.none() | st.sampled_from(["key 0", "key 1", "key 2"])
conditions = often(None, "*", '"stale"')


def making(command: str, body: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    """A request that makes something."""
    return st.builds(Step, tenants, st.just(command), body, key=keys)


def changing(command: str, name: st.SearchStrategy[Name], body: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    """A request that changes or looks at something."""
    return st.builds(Step, tenants, st.just(command), body, name, conditions, keys)


pays = st.builds(
    Step, tenants, st.just("payments.create"), new_payments | new_payments | again, if_match=often(None, "*"), key=keys
)
makes = st.one_of(
    making("customers.create", new_customers),
    making("accounts.create", new_accounts),
    making("bills.create", new_bills),
    making("bills.create", new_bills),
)
changes = st.one_of(
    changing("customers.update", CUSTOMERS, owner_changes),
    changing("accounts.update", ACCOUNTS, owner_changes),
    changing("accounts.update", ACCOUNTS, balances_of_a_time),
    changing("customers.update", CUSTOMERS, balances_of_a_time),
    changing("customers.adjust", CUSTOMERS, adjustments),
    changing("accounts.adjust", ACCOUNTS, adjustments),
    changing("bills.update", BILLS, bill_changes),
    changing("bills.void", BILLS, st.none()),
    changing("payments.reverse", PAYMENTS, reversals),
    changing("payments.reverse", PAYMENTS, reversals),
    changing("bills.read", BILLS, st.none()),
    changing("customers.read", CUSTOMERS, st.none()),
    pays.map(lambda step: Step(step.tenant, "payments.preview", step.body)),
)
moves = st.one_of(
    changing("payments.apply", PAYMENTS, applications),
    changing("payments.unapply", PAYMENTS, taking_back),
    changing("payments.refund", PAYMENTS, refunds),
    changing("bills.credit", BILLS, credits_),
    changing("bills.credit", BILLS, credits_),
    st.builds(
        lambda step, below: replace(step, below=below),
        changing("bills.reverse_credit", BILLS, st.just({})),
        CREDITS,
    ),
    making("bills.overdue", overdue).map(lambda step: replace(step, key=None)),
)
breaking = st.builds(
    lambda step, where: Step(step.tenant, step.command, step.body, step.name, step.if_match, step.key, where),
    makes | pays | changing("payments.refund", PAYMENTS, refunds),
    st.sampled_from(["decide", "render"]),
)


JANE, FIBRE = Name("customer", "customer 0", False), Name("account", "account 0", True)

BEGINNING = [
    Step(
        0,
        "customers.create",
        {"external_reference": "customer 0", "currency": "ZAR", "balance": 50, "metadata": {"a": "1"}},
    ),
    Step(0, "accounts.create", {"external_reference": "account 0", "customer": JANE, "currency": "ZAR", "balance": 80}),
    Step(0, "bills.create", {"external_reference": "bill 0", "account": FIBRE, "currency": "ZAR", "amount_due": 30}),
    Step(0, "bills.create", {"external_reference": "bill 1", "customer": JANE, "currency": "ZAR", "amount_due": 40}),
    Step(0, "payments.create", {"external_reference": "payment 0", "amount": 9, "currency": "ZAR", "account": FIBRE}),
]
"""What there is to begin with, mostly, so that more than half of what follows is not refused. Groups are of it, too."""


BILL = Name("bill", "bill 0", True)
SPARE = Name("bill", "bill 3", False)

LAST = Name("bill", "bill 2", False)
FIRST = Name("payment", "payment 2", False)

OF_JANE = {"customer": JANE, "currency": "ZAR"}
HELD = {"external_reference": "payment 2", "amount": 50, "currency": "ZAR", "bill": LAST, "rest": "hold"}
CREDIT = {"amount": 20, "kind": "credit_note", "reason": "Line was down"}

EVERYTHING = Sequence(
    [
        *BEGINNING,
        Step(0, "customers.update", {"metadata": {"a": None, "b": "2"}}, JANE),
        Step(0, "accounts.update", {"balance": 75}, FIBRE),
        Step(0, "accounts.update", {"balance": 79, "balance_as_of": "2126-01-05T08:29:00Z"}, FIBRE),
        Step(0, "customers.adjust", {"amount": 5, "reason": "Interest"}, JANE, None, "key 0"),
        Step(0, "customers.adjust", {"amount": 5, "reason": "Interest"}, JANE, None, "key 0"),
        Step(0, "accounts.adjust", {"amount": -5, "reason": "Interest", "external_reference": "FEE-1"}, FIBRE),
        Step(0, "payments.reverse", {"reason": "bounced"}, Name("payment", "payment 0", False)),
        Step(0, "bills.update", {"amount_paid": 3}, BILL),
        Step(
            0,
            "payments.create",
            {"external_reference": "payment 1", "amount": 60, "currency": "ZAR", "customer": JANE}
            | {"allocation": "oldest_due_first"},
        ),
        Step(0, "payments.preview", {"external_reference": "x", "amount": 1, "currency": "ZAR", "account": FIBRE}),
        Step(0, "bills.create", {"external_reference": "bill 3", "customer": JANE, "currency": "ZAR", "amount_due": 1}),
        Step(0, "bills.void", None, SPARE),
        Step(0, "bills.read", None, SPARE),
        Step(0, "customers.read", None, JANE),
        Step(0, "bills.create", OF_JANE | {"external_reference": "bill 2", "amount_due": 40, "due_date": "2126-02-01"}),
        Step(0, "bills.overdue", {"bill_id": LAST, "today": "2126-02-02"}),
        Step(0, "payments.create", HELD),
        Step(0, "payments.apply", {"parts": [{"bill": LAST, "amount": 5}]}, FIRST),
        Step(0, "payments.apply", {"allocation": "oldest_due_first", "customer": JANE}, FIRST),
        Step(0, "payments.unapply", {"bill": LAST, "amount": 9}, FIRST),
        Step(0, "payments.refund", {"amount": 4, "external_reference": "refund 0"}, FIRST),
        Step(0, "bills.credit", CREDIT | {"external_reference": "credit 0"}, LAST),
        Step(0, "bills.reverse_credit", {}, LAST, below=Name("credit", "credit 0", False)),
    ]
)
"""Each command once, and none refused, all in one group; and an answer that is given again."""


SECOND = Name("payment", "payment 3", False)


def _at_once(*steps: Step, after: int = 0) -> Sequence:
    """These, with a bill of 30 made before them: the first few before all the others, which are one group."""
    bill = Step(0, "bills.create", OF_JANE | {"external_reference": "bill 2", "amount_due": 30})
    return Sequence([*BEGINNING, bill, *steps], [len(BEGINNING) + 1 + after], [False])


def _pay(reference: str, amount: int, **more: Any) -> Step:
    body = {"external_reference": reference, "amount": amount, "currency": "ZAR", "bill": LAST}
    return Step(0, "payments.create", body | more)


_APPLY = Step(0, "payments.apply", {"parts": [{"customer": JANE, "amount": 5}]}, FIRST)
_UNAPPLY = Step(0, "payments.unapply", {"bill": LAST}, FIRST)
_REFUND = Step(0, "payments.refund", {"amount": 4, "external_reference": "refund 0"}, FIRST)
_REVERSE = Step(0, "payments.reverse", {"reason": "bounced"}, FIRST)
_CREDIT = Step(0, "bills.credit", CREDIT | {"external_reference": "credit 0"}, LAST)
_LITTLE = Step(0, "bills.credit", CREDIT | {"amount": 15}, LAST)
_RAISE = Step(0, "bills.reverse_credit", {}, LAST, below=Name("credit", "credit 0", False))
_VOID = Step(0, "bills.void", None, LAST)
_AGAIN = _pay("payment 2", 30, represents=FIRST)

AT_ONCE = [
    # What a credit leaves overpaid goes back to two payments, of the group or from before it; then it is taken back.
    _at_once(_pay("payment 3", 20), _pay("payment 2", 10), _CREDIT, _UNAPPLY, _RAISE, _APPLY, _CREDIT),
    _at_once(_pay("payment 3", 20), _pay("payment 2", 10), _CREDIT, _REVERSE, _RAISE, after=2),
    # What two credits leave overpaid together, or one with what was paid before it in its group.
    _at_once(_pay("payment 2", 10), _LITTLE, _LITTLE, _REVERSE, after=1),
    _at_once(_pay("payment 2", 10), Step(0, "bills.update", {"amount_paid": 30}, LAST), _LITTLE, _REFUND, after=1),
    # One payment is applied and reversed, refunded and reversed, and comes again: each once.
    _at_once(_pay("payment 2", 40, rest="hold"), _APPLY, _REVERSE, _APPLY, _REFUND, _AGAIN, _AGAIN, _APPLY),
    _at_once(_pay("payment 2", 40, rest="hold"), _APPLY, _REVERSE, _APPLY, _REFUND, _AGAIN, _AGAIN, _APPLY, after=1),
    _at_once(_pay("payment 2", 40, rest="hold"), _REFUND, _REVERSE, _REFUND, _AGAIN, _REVERSE, _AGAIN, _AGAIN),
    _at_once(_pay("payment 2", 40), _REVERSE, _pay("payment 3", 30, represents=FIRST), _pay("payment 2", 30), after=1),
    _at_once(_pay("payment 2", 30), _REVERSE, _pay("payment 3", 30, represents=FIRST), _pay("payment 2", 30), after=1),
    # Void against credit, either first; and against a payment that is held again.
    _at_once(_CREDIT, _VOID, _CREDIT, _RAISE),
    _at_once(_VOID, _CREDIT, _RAISE),
    _at_once(_pay("payment 2", 30), _VOID, _UNAPPLY, _VOID, _APPLY, _REVERSE),
]
"""What may come at once about one payment or one bill, in one group."""


@st.composite
def sequences(draw: st.DrawFn, *, broken: bool = False) -> Sequence:
    """Any sequence, cut into groups in any way; now and then the same request comes again."""
    anything = st.one_of(makes, pays, pays, changes, moves, moves, *([breaking] if broken else []))
    steps = BEGINNING[: draw(st.sampled_from([0, 2, 4, 5, 5, 5]))]
    for one in draw(st.lists(anything, min_size=5, max_size=20)):
        steps.append(one)
        if draw(st.integers(0, 5)) == 0:
            steps.append(draw(st.sampled_from(steps)))
    cuts = draw(st.lists(st.integers(1, 12), max_size=6))
    cautious = draw(st.lists(st.booleans(), min_size=len(cuts), max_size=len(cuts)))
    return Sequence(steps, cuts, cautious)
