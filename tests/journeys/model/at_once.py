"""Several requests in the same instant, to all servers: answered as if one came after the other, in some order."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from itertools import permutations
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.journeys.model.books import Change, Model
from tests.journeys.model.commands import Commands
from tests.journeys.model.machine import Wish
from tests.journeys.model.paying import Paying, monies
from tests.journeys.model.reading import changes_in
from tests.running import Caller

few = st.sampled_from([0, 0, 7, 1, 8])
"""Few things, so that requests meet."""

MOST = 4


class Then:
    """What there is after requests at once, read when it is needed and once."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._read: dict[str, Any] = {}

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """Everything of a kind, newest first."""
        return self._everything(f"/billing/{kind}")

    def changes(self, kind: str, thing_id: str) -> list[Change]:
        """All changes of a balance, oldest first."""
        return changes_in(self._everything(f"/billing/{kind}/{thing_id}/entries")[::-1])

    def _everything(self, path: str) -> list[dict[str, Any]]:
        if path not in self._read:
            self._read[path] = self._caller.everything(path, limit=100)
        found: list[dict[str, Any]] = self._read[path]
        return found


class AtOnce(Commands, Paying):
    """Requests that race each other."""

    @rule(data=st.data(), forms=st.lists(st.sampled_from([*"pppp", *"rrvbaj"]), min_size=2, max_size=MOST))
    def ask_at_once(self, data: st.DataObject, forms: list[str]) -> None:
        """Accepts the answers of any order that leaves what is there then."""
        wishes = [self.any_wish(data, form) for form in forms]
        with ThreadPoolExecutor(MOST) as threads:
            answers = list(threads.map(self.fulfil, wishes, self.callers))
        then = Then(self.caller)
        before, seen = self.model, self.seen
        wrong = []
        for order in permutations(zip(wishes, answers, strict=True)):
            self.model, self.seen = deepcopy(before), {name: list(known) for name, known in seen.items()}
            try:
                for wish, answer in order:
                    wish.check(answer)
                self.leaves(before, then)
            except AssertionError as error:
                wrong.append(f"{[wish.path for wish, _ in order]}: {error}")
            else:
                return
        told = [(wish.method, wish.path, wish.body, answer.text) for wish, answer in zip(wishes, answers, strict=True)]
        raise AssertionError(f"in no order: {told}\n" + "\n".join(wrong))

    def leaves(self, before: Model, then: "Then") -> None:
        """What is there is what the model says."""
        for kind, things in self.model.things.items():
            assert then.objects(kind) == [one.shown() for one in self.newest_first(kind)]
            for one in things.values():
                if kind in ("accounts", "customers") and one.entries != before.things[kind][one.id].entries:
                    assert then.changes(kind, one.id) == one.entries

    def any_wish(self, data: st.DataObject, form: str) -> Wish:
        """Something that changes what others want to change too."""
        number = data.draw(few)
        if form == "p":
            return self.to_pay(self.payment(data.draw(monies(st.just(number), st.none()))))
        if form == "r":
            return self.to_reverse({"reason": "bounced"}, data.draw(few))
        if form == "v":
            return self.to_void(number)
        if form == "b":
            body: dict[str, Any] = {"amount_paid": data.draw(st.sampled_from([0, 5, 700]))}
            return self.change(Model.change_bill, "PATCH", "bills", "", body, number, None)
        kind = data.draw(st.sampled_from(["accounts", "customers"]))
        if form == "a":
            condition = data.draw(st.sampled_from([None, "now"]))
            return self.change(Model.change, "PATCH", kind, "", {"balance": 900, "currency": "ZAR"}, number, condition)
        return self.to_adjust(kind, 70, number)
