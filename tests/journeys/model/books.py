"""What a merchant has, and what the contract says that each command makes of it. Written anew, beside the server."""

from dataclasses import dataclass, field
from typing import Any

MAX = 2**53 - 1

DECIMALS = {"ZAR": 2, "JPY": 0, "BHD": 3}

PREFIXES = {"customers": "bcus_", "accounts": "bacc_", "bills": "bill_", "payments": "pay_"}

LOOSE = {"min_amount": 1, "max_amount": MAX, "underpayment_allowed": True, "overpayment_allowed": True}
STRICT = LOOSE | {"overpayment_allowed": False, "max_amount": 10}
EXACT = LOOSE | {"underpayment_allowed": False, "overpayment_allowed": False}
LARGE = LOOSE | {"min_amount": 600, "max_amount": 5000}


Change = tuple[str, str, int, int]
"""Of a balance: (kind, currency, amount, balance after)"""


@dataclass
class Thing:
    """Anything with an id: `fields` is its JSON but for the rules it is shown with, `rules` its own."""

    kind: str
    fields: dict[str, Any]
    rules: dict[str, Any] | None = None
    entries: list[Change] = field(default_factory=list)
    """Oldest first; not those of a bill."""
    led_to: set[str] = field(default_factory=set)
    """Of a payment: the ids of all that it ever was for or went to, and of their owners."""

    @property
    def id(self) -> str:
        """Its id."""
        found: str = self.fields["id"]
        return found

    def shown(self, **then: Any) -> dict[str, Any]:
        """Its JSON; `then` is what was otherwise at another time."""
        shown = {name: value for name, value in (self.fields | then).items() if value not in (None, {})}
        if "balance" in shown or self.kind == "bills":
            shown["payment_rules"] = self.rules_in(shown["currency"])
        if self.kind == "bills":
            shown["amount_remaining"] = max(0, shown["amount_due"] - self.settled)
        return shown

    @property
    def settled(self) -> int:
        """What was paid of a bill, and what it was lowered by."""
        return int(self.fields["amount_paid"] + (self.fields.get("amount_credited") or 0))

    def settle(self, paid: int = 0, credited: int = 0) -> None:
        """So much more of a bill is paid or credited."""
        self.fields["amount_paid"] += paid
        self.fields["amount_credited"] = (self.fields.get("amount_credited") or 0) + credited or None
        self.fields["status"] = "paid" if self.settled >= self.fields["amount_due"] else "unpaid"

    def rules_in(self, currency: str) -> dict[str, Any]:
        """The rules that hold for it if it counts in this currency."""
        assert currency in DECIMALS
        return self.rules or LOOSE | {"overpayment_allowed": False}

    @property
    def outstanding(self) -> int | None:
        """What is to be paid of it; None where no amount is tracked."""
        if self.kind == "bills":
            if self.fields["status"] == "voided":
                return 0
            return max(0, int(self.fields["amount_due"] - self.settled))
        balance = self.fields.get("balance")
        return None if balance is None else max(0, balance)

    def track(self, currency: str | None, balance: int | None) -> None:
        """Its balance becomes this, and the ledger tells how."""
        old, old_currency = self.fields.get("balance"), self.fields.get("currency")
        self.fields |= {"currency": currency, "balance": balance}
        if (old, old_currency) == (balance, currency):
            return
        if old is not None and balance is not None and old_currency == currency:
            self.entries.append(("adjustment", str(currency), balance - old, balance))
            return
        if old is not None:
            self.entries.append(("closing", str(old_currency), -old, 0))
        if balance is not None:
            self.entries.append(("opening", str(currency), balance, balance))


Refused = tuple[int, str, str | None]
"""(status, code, pointer)"""

OUT_OF_RANGE = (422, "amount_out_of_range")


def unsafe(*amounts: int | None) -> bool:
    """Whether any of these is outside what every client holds exactly."""
    return any(amount is not None and abs(amount) > MAX for amount in amounts)


class Model:
    """What a merchant has, and what the contract says that each command makes of it, or is refused for."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Thing]] = {kind: {} for kind in PREFIXES}
        self.credits: dict[str, tuple[str, int, bool]] = {}
        """Of bills, by id: of which, how much, and whether it was taken back."""

    def find(self, kind: str, name: str) -> Thing | None:
        """Whatever has this id or reference."""
        if name.startswith(PREFIXES[kind]):
            return self.things[kind].get(name)
        called = [one for one in self.things[kind].values() if one.fields["external_reference"] == name]
        return next((one for one in called if "represented_by" not in one.fields), None)

    def refuse_customer(self, body: dict[str, Any], at: str) -> Refused | None:
        """Why there is no such new customer."""
        if unsafe(body.get("balance")):
            return *OUT_OF_RANGE, f"{at}/balance"
        if self.find("customers", body["external_reference"]):
            return 409, "external_reference_taken", f"{at}/external_reference"
        return None

    def refuse_account(self, body: dict[str, Any], at: str) -> Refused | None:
        """Why there is no such new account."""
        if unsafe(body.get("balance")):
            return *OUT_OF_RANGE, f"{at}/balance"
        if isinstance(body["customer"], dict):
            if refused := self.refuse_customer(body["customer"], f"{at}/customer"):
                return refused
        elif not self.find("customers", body["customer"]):
            return 404, "customer_not_found", f"{at}/customer"
        if self.find("accounts", body["external_reference"]):
            return 409, "external_reference_taken", f"{at}/external_reference"
        return None

    def refuse_bill(self, body: dict[str, Any]) -> Refused | None:
        """Why there is no such new bill."""
        customer, account = body.get("customer"), body.get("account")
        if unsafe(body["amount_due"]):
            return *OUT_OF_RANGE, "/amount_due"
        if refused := self._refuse_owner(customer, account):
            return refused
        owner = account or customer
        if isinstance(owner, str):
            found = self.find("accounts" if account else "customers", owner)
            owner = found.fields if found else {}
        if owner and owner.get("currency") not in (None, body["currency"]):
            return 422, "currency_mismatch", "/currency"
        if self.find("bills", body["external_reference"]):
            return 409, "external_reference_taken", "/external_reference"
        return None

    def _refuse_owner(self, customer: Any, account: Any) -> Refused | None:
        if account is None:
            if isinstance(customer, dict):
                return self.refuse_customer(customer, "/customer")
            return None if self.find("customers", customer) else (404, "customer_not_found", "/customer")
        if isinstance(account, dict):
            if refused := self.refuse_account(account, "/account"):
                return refused
            found = self.find("customers", account["customer"]) if isinstance(account["customer"], str) else None
            owner_id = found.id if found else None
        elif one := self.find("accounts", account):
            owner_id = one.fields["customer_id"]
        else:
            return 404, "account_not_found", "/account"
        if isinstance(customer, dict):
            return 422, "owner_mismatch", "/customer"
        if customer is None:
            return None
        if not (named := self.find("customers", customer)):
            return 404, "customer_not_found", "/customer"
        return None if named.id == owner_id else (422, "owner_mismatch", "/customer")

    def add(self, kind: str, body: dict[str, Any], **told: Any) -> Thing:
        """What a good request makes, with what only the server can know of it."""
        fields = {name: value for name, value in body.items() if name not in ("payment_rules", "customer", "account")}
        balance, currency = fields.pop("balance", None), fields.pop("currency", None)
        one = Thing(kind, fields | told, body.get("payment_rules"))
        if kind == "bills":
            one.fields |= {"currency": currency, "amount_paid": 0, "status": "unpaid"}
        else:
            one.track(currency, balance)
        self.things[kind][one.id] = one
        return one

    def change(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        """A PATCH of a customer or an account."""
        old, old_currency = one.fields.get("balance"), one.fields.get("currency")
        balance, currency = body.get("balance", old), body.get("currency", old_currency)
        if balance is not None and currency is None:
            return 400, "validation_failed", "/currency"
        if None not in (old, balance) and currency != old_currency and "balance" not in body:
            return 422, "currency_mismatch", "/currency"
        if unsafe(balance, (balance or 0) - (old or 0) if currency == old_currency else None):
            return *OUT_OF_RANGE, "/balance"
        if refused := self._merge(one, body):
            return refused
        one.track(currency, balance)
        one.rules = body.get("payment_rules", one.rules)
        one.fields |= {name: body[name] for name in ("name", "email", "phone") if name in body}
        return None

    def change_bill(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        """A PATCH of a bill."""
        paid, now = body.get("amount_paid", one.fields["amount_paid"]), one.fields
        if now["status"] == "voided":
            return 409, "bill_voided", None
        if body.get("currency", now["currency"]) != now["currency"]:
            return 422, "currency_mismatch", "/currency"
        credited = one.settled - now["amount_paid"]
        if unsafe(paid, paid + credited):
            return *OUT_OF_RANGE, "/amount_paid"
        if paid < self.applied_to(one):
            return 422, "below_payments", "/amount_paid"
        rules = body.get("payment_rules", one.rules)
        if paid > max(now["amount_due"] - credited, now["amount_paid"]) and not (
            rules and rules["overpayment_allowed"]
        ):
            return 422, "overpayment_not_allowed", "/amount_paid"
        if refused := self._merge(one, body):
            return refused
        one.rules = rules
        one.settle(paid - now["amount_paid"])
        return None

    def void(self, one: Thing, _body: dict[str, Any]) -> Refused | None:
        """A POST to a bill's void."""
        if one.fields["status"] == "voided":
            return 409, "bill_voided", None
        if one.fields["amount_paid"]:
            return 409, "bill_paid", None
        one.fields["status"] = "voided"
        return None

    def applied_to(self, bill: Thing) -> int:
        """What payments that stand have on a bill."""
        standing = [one for one in self.things["payments"].values() if one.fields["status"] == "applied"]
        applied = [part for payment in standing for part in payment.fields["applications"]]
        return sum(part["amount"] for part in applied if part.get("bill_id") == bill.id)

    def adjust(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        """A POST to adjustments."""
        balance = one.fields.get("balance")
        if balance is None:
            return 422, "balance_not_tracked", None
        if unsafe(body["amount"], balance + body["amount"]):
            return *OUT_OF_RANGE, "/amount"
        one.track(one.fields["currency"], balance + body["amount"])
        return None

    def _merge(self, one: Thing, body: dict[str, Any]) -> Refused | None:
        if "metadata" in body:
            both = (one.fields.get("metadata") or {}) | (body["metadata"] or {}) if body["metadata"] else {}
            if body["metadata"] == {}:
                both = one.fields.get("metadata") or {}
            merged = {key: value for key, value in both.items() if value is not None}
            if len(merged) > 10:
                return 400, "validation_failed", "/metadata"
            one.fields["metadata"] = merged
        return None
