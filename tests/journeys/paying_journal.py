"""A journal of payments: single, spread over bills, taken back; and what must be left behind by them."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import findings
from tests.journeys.journal import Door, Journal, Wish
from tests.running import new_key, new_reference

BALANCE = 10**9

BILL_RULES = {"min_amount": 1, "max_amount": BALANCE, "underpayment_allowed": True, "overpayment_allowed": True}
"""Whatever was paid before, more can be."""

SMALL = 200
"""So little is due of most bills that a payment of more goes over several."""


@dataclass(frozen=True)
class Home:
    """An account with a balance, its customer, and open bills of it."""

    account: str
    customer: str
    bills: list[str]


@dataclass(eq=False)
class PayingJournal(Journal):
    """Every payment and every reversal that was wished for."""

    homes: list[Home] = field(default_factory=list)
    bounced: dict[str, Wish] = field(default_factory=dict)
    """The reversals that were wished for, by the id of the payment."""

    def move_in(self, base: str, homes: int = 3, bills: int = 8) -> None:
        """Makes what is to be paid."""
        door = Door(base, self.secret)
        for _ in range(homes):
            body: dict[str, Any] = {"external_reference": new_reference("HOME"), "currency": "ZAR", "balance": BALANCE}
            account = self._made(door, "accounts", body | {"customer": {"external_reference": new_reference("CUST")}})
            body = {"currency": "ZAR", "account": account["id"], "payment_rules": BILL_RULES}
            due = [SMALL] * (bills - 1) + [BALANCE]
            made = [
                self._made(door, "bills", body | {"external_reference": new_reference(), "amount_due": amount})
                for amount in due
            ]
            self.homes.append(Home(account["id"], account["customer_id"], [bill["id"] for bill in made]))
        door.close()

    def _made(self, door: Door, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = door.post(json.dumps(body).encode(), new_key(), f"/billing/{kind}")
        assert answer.status == 201, answer
        made: dict[str, Any] = answer.json
        return made

    def new_wish(self) -> Wish:
        """One more: a payment, or now and then that one which was taken bounces."""
        if random.random() < 0.25 and (wish := self._new_reversal()):
            return wish
        home = random.choice(self.homes)
        owner = {"account": home.account}
        form = random.choice(["bill", "balance", "parts", "oldest"])
        if form == "bill":
            body: dict[str, Any] = {"bill": random.choice(home.bills), "amount": random.randint(1, 300)}
        elif form == "balance":
            body = {"amount": random.randint(100, 1000), **owner}
        elif form == "parts":
            parts = [{"bill": bill, "amount": 100} for bill in random.sample(home.bills, 3)]
            body = {"amount": random.choice([300, 500]), "parts": parts, **owner}
        else:
            owner = random.choice([owner, {"customer": home.customer}])
            body = {"amount": random.randint(301, 900), "allocation": "oldest_due_first", **owner}
        reference = new_reference("EFT")
        body |= {"external_reference": reference, "currency": "ZAR"}
        wish = Wish(new_key(), reference, json.dumps(body).encode(), path="/billing/payments")
        self.wishes.append(wish)
        return wish

    def _new_reversal(self) -> Wish | None:
        taken = [one for one in self.wishes[-50:] if one.acknowledged and one.status == 201]
        payment = random.choice(taken).id if taken else None
        if payment is None:
            return None
        wish = Wish(new_key(), "", b'{"reason": "bounced"}', path=f"/billing/payments/{payment}/reverse", status=200)
        # Several clients choose at once; whoever comes second lets it be.
        if self.bounced.setdefault(payment, wish) is not wish:
            return None
        self.wishes.append(wish)
        return wish

    # Holding the server to it ---------------------------------------------------------------------------------

    def _is_there(self, door: Door, wish: Wish) -> None:
        assert wish.acknowledged
        told = json.loads(wish.acknowledged)
        shown = door.get(f"/billing/payments/{told['external_reference']}")
        assert shown.status == 200, f"what was acknowledged is gone: {shown}"
        undone = self.bounced.get(told["id"])
        if undone in (None, wish):
            assert shown.json == told
        else:
            assert undone
            assert {name: shown.json[name] for name in told} | {"status": "applied"} == told
            assert not undone.acknowledged or shown.json == json.loads(undone.acknowledged)
        self._is_replayed(door, wish)

    def _is_there_once(self, url: str) -> None:
        payments = [json.loads(wish.acknowledged or b"") for wish in self.wishes if wish.status == 201]
        rows = {row["id"]: row for row in self._rows(url, _PAYMENTS)}
        assert len(rows) == len(payments)
        left: Counter[str] = Counter()
        for payment in payments:
            applied = sorted((_owner(one), one["amount"]) for one in payment["applications"])
            undone = payment["id"] in self.bounced
            row = rows[payment["id"]]
            assert row["external_reference"] == payment["external_reference"]
            assert row["status"] == ("reversed" if undone else "applied")
            assert sorted(json.loads(row["applications"])) == [list(one) for one in applied]
            signed = [(owner, amount if owner.startswith("bill_") else -amount) for owner, amount in applied]
            wanted = [["payment", *one] for one in signed]
            wanted += [["reversal", owner, -amount] for owner, amount in signed] if undone else []
            assert sorted(json.loads(row["entries"])) == sorted(wanted)
            assert json.loads(row["events"]) == ["obligation.amount_applied"] * len(applied) + (
                ["payment.reversed"] if undone else []
            )
            if not undone:
                left.update(dict(signed))
        self._comes_to(url, left)
        self._is_answered_once(url)
        assert findings(url) == []

    def _comes_to(self, url: str, left: Counter[str]) -> None:
        """Every bill and every balance is what the payments that stand have made of it."""
        for row in self._rows(url, "select id, amount_paid from bills where tenant_id = $1"):
            assert row["amount_paid"] == left[row["id"]]
        mine = [home.account for home in self.homes]
        for row in self._rows(url, "select id, balance from accounts where tenant_id = $1 and id = any($2)", mine):
            assert row["balance"] == BALANCE + left[row["id"]]


def _owner(application: dict[str, Any]) -> str:
    return next(str(application[name]) for name in ("bill_id", "account_id", "customer_id") if name in application)


_PAYMENTS = """
select p.id, p.external_reference, p.status,
       (select json_agg(json_build_array(x.owner_id, x.amount)) from payment_applications x
         where x.tenant_id = p.tenant_id and x.payment_id = p.id)::text as applications,
       (select json_agg(json_build_array(e.kind, e.owner_id, e.amount)) from entries e
         where e.tenant_id = p.tenant_id and e.payment_id = p.id)::text as entries,
       (select json_agg(v.type order by v.type) from events v
         where v.tenant_id = p.tenant_id and v.object_id = p.id)::text as events
  from payments p
 where p.tenant_id = $1
"""
