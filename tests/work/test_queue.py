"""Who goes next: every tenant in turn, by what each request weighs, and nobody is forgotten."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dues.domain.tenants import Tenant
from dues.work.queue import GROUP_COST_MAX, LOOKED_AT_MAX, SHARE_MAX, Queue, Waiting
from dues.work.work import Claim

ALICE, BOB, CAROL = (Tenant(1, number) for number in (1, 2, 3))
NOBODY: set[Claim] = set()

Story = list[tuple[int, frozenset[str], int, bool]]
"""Who came: the tenant's number, claims, cost, and whether it must be alone."""


@dataclass(frozen=True, eq=False)
class Ask:
    """What somebody waits with."""

    number: int
    tenant: Tenant
    claims: frozenset[Claim]
    cost: int = 1
    is_alone: bool = False
    name: str = "ask"


@dataclass
class Answer:
    """Whether somebody has left."""

    gone: bool = False

    def done(self) -> bool:
        """As a future would say."""
        return self.gone


_numbers = count()


def ask(tenant: Tenant = ALICE, *claims: str, cost: int = 1, is_alone: bool = False) -> Waiting:
    """Somebody who waits."""
    job = Ask(next(_numbers), tenant, frozenset((tenant.id, claim) for claim in claims), cost, is_alone)
    return Waiting(job, Answer(), 0.0)


def queue_of(waiting: Iterable[Waiting]) -> Queue:
    """A queue of those, in their order."""
    queue = Queue()
    for one in waiting:
        queue.put(one)
    return queue


def tenants_of(group: Sequence[Waiting]) -> list[Tenant]:
    """Whose each is."""
    return [one.job.tenant for one in group]


def cost_of(group: Iterable[Waiting]) -> int:
    """What they weigh together."""
    return sum(one.job.cost for one in group)


# One tenant -------------------------------------------------------------------------------------------------------


def test_who_came_first_goes_first_as_many_as_fit() -> None:
    waiting = [ask() for _ in range(2 * GROUP_COST_MAX + 3)]
    queue = queue_of(waiting)
    assert [one for _ in range(3) for one in queue.take(NOBODY)] == waiting
    assert not queue
    assert queue.take(NOBODY) == []


def test_a_group_is_full_by_what_its_requests_weigh() -> None:
    waiting = [ask(cost=10) for _ in range(20)]
    queue = queue_of(waiting)
    assert queue.take(NOBODY) == waiting[: GROUP_COST_MAX // 10]


def test_a_heavy_one_goes_though_it_weighs_more_than_any_group_may() -> None:
    light, heavy, behind = ask(), ask(cost=10 * GROUP_COST_MAX), ask()
    queue = queue_of([light, heavy, behind])
    groups = [queue.take(NOBODY) for _ in range(3)]
    assert [heavy] in groups
    assert sorted(one.job.number for group in groups for one in group) == [  # type: ignore[attr-defined]
        one.job.number  # type: ignore[attr-defined]
        for one in (light, heavy, behind)
    ]


def test_who_must_be_alone_is_alone() -> None:
    waiting = [ask(), ask(is_alone=True), ask(is_alone=True), ask()]
    queue = queue_of(waiting)
    groups = [queue.take(NOBODY) for _ in range(4)]
    assert [one for group in groups for one in group if one.job.is_alone] == waiting[1:3]
    assert all(len(group) == 1 for group in groups if any(one.job.is_alone for one in group))
    assert not queue


def test_several_with_one_claim_may_share_a_group_in_their_order() -> None:
    waiting = [ask(ALICE, "x"), ask(ALICE, "x", "y"), ask(ALICE, "y")]
    assert queue_of(waiting).take(NOBODY) == waiting


def test_whose_claim_is_taken_waits_and_whoever_needs_it_too_waits_behind() -> None:
    blocked, behind, free = ask(ALICE, "x", "y"), ask(ALICE, "y"), ask(ALICE, "z")
    queue = queue_of([blocked, behind, free])
    assert queue.take({(ALICE.id, "x")}) == [free]
    assert queue.take({(ALICE.id, "x")}) == []
    assert queue.take(NOBODY) == [blocked, behind]


def test_who_comes_back_goes_before_the_others_of_the_tenant() -> None:
    first, second, back = ask(), ask(), ask()
    queue = queue_of([first, second])
    queue.put_first(back)
    assert queue.take(NOBODY) == [back, first, second]


def test_who_has_left_is_not_served_and_holds_nobody_up() -> None:
    gone, other = ask(ALICE, "x"), ask(ALICE, "x")
    queue = queue_of([gone, other])
    gone.answer.gone = True
    assert queue.take(NOBODY) == [other]
    alone = queue_of([gone])
    assert alone.take(NOBODY) == []
    assert not alone


def test_who_is_taken_out_leaves_the_others_in_place() -> None:
    waiting = [ask(), ask(), ask()]
    queue = queue_of(waiting)
    queue.remove(waiting[1])
    assert list(queue) == [waiting[0], waiting[2]]
    queue.remove(waiting[0])
    queue.remove(waiting[2])
    assert not queue


def test_only_so_many_of_those_who_cannot_go_are_looked_at_and_all_keep_their_places() -> None:
    blocked, free = [ask(ALICE, "x") for _ in range(LOOKED_AT_MAX)], ask(ALICE, "y")
    queue = queue_of([*blocked, free])
    assert queue.take({(ALICE.id, "x")}) == []
    assert list(queue) == [*blocked, free]


# Several tenants --------------------------------------------------------------------------------------------------


def test_a_flood_leaves_every_other_tenant_its_share() -> None:
    flood, few = [ask(ALICE) for _ in range(1000)], [ask(BOB) for _ in range(3)]
    group = queue_of([*flood, *few]).take(NOBODY)
    assert Counter(tenants_of(group)) == {ALICE: SHARE_MAX, BOB: 3}


def test_those_who_ask_for_much_have_even_shares() -> None:
    queue = queue_of([ask(tenant) for tenant in (ALICE, BOB, CAROL) for _ in range(100)])
    for _ in range(5):
        assert Counter(tenants_of(queue.take(NOBODY))) == dict.fromkeys((ALICE, BOB, CAROL), SHARE_MAX)


def test_whoever_had_no_place_in_a_group_comes_first_in_the_next() -> None:
    tenants = [Tenant(1, number) for number in range(2 * GROUP_COST_MAX // SHARE_MAX)]
    queue = queue_of([ask(tenant) for tenant in tenants for _ in range(100)])
    first, second = queue.take(NOBODY), queue.take(NOBODY)
    assert cost_of(first) == cost_of(second) == GROUP_COST_MAX
    assert {*tenants_of(first), *tenants_of(second)} == {*tenants}


def test_a_share_is_what_its_requests_weigh() -> None:
    queue = queue_of([*(ask(ALICE, cost=5) for _ in range(50)), *(ask(BOB) for _ in range(50))])
    assert Counter(tenants_of(queue.take(NOBODY))) == {ALICE: -(-SHARE_MAX // 5), BOB: SHARE_MAX}


@pytest.mark.parametrize("several", [True, False])
def test_while_several_tenants_ask_one_has_no_more_than_its_share(several: bool) -> None:
    queue = queue_of(ask(ALICE) for _ in range(1000))
    assert cost_of(queue.take(NOBODY, several=several)) == (SHARE_MAX if several else GROUP_COST_MAX)


def test_tenants_with_one_claim_by_the_same_name_are_not_in_each_others_way() -> None:
    queue = queue_of([ask(ALICE, "x"), ask(BOB, "x")])
    assert tenants_of(queue.take({(ALICE.id, "x")})) == [BOB]


# Any of it --------------------------------------------------------------------------------------------------------

costs = st.integers(1, 5) | st.sampled_from([20, SHARE_MAX, SHARE_MAX + 1, GROUP_COST_MAX + 1])
stories = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.frozensets(st.sampled_from("abc"), max_size=2),
        costs,
        st.sampled_from([False] * 7 + [True]),
    ),
    max_size=60,
)


def told(story: Story) -> list[Waiting]:
    """Those of a story."""
    return [ask(Tenant(1, number), *claims, cost=cost, is_alone=alone) for number, claims, cost, alone in story]


# How many come before a group is taken, whether several tenants asked of late, which group ends if many are under way.
turns = st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(0, 2)), min_size=1, max_size=40)


@given(stories, turns)
def test_nobody_is_lost_or_doubled_and_what_has_one_claim_is_in_order_and_never_in_two_groups(
    story: Story, turns: list[tuple[int, bool, int]]
) -> None:
    # Turns that begin anew when they are over, and not draws: of those Hypothesis keeps a book that takes it longer
    # than all the rest.
    waiting, queue, turn = told(story), Queue(), cycle(turns)
    arriving, in_flight, served = list(waiting), list[list[Waiting]](), list[Waiting]()
    while arriving or queue or in_flight:
        come, several, ends = next(turn)
        # Somebody comes at last where nobody waits and nothing is under way.
        for one in arriving[: (come := come if queue or in_flight else max(come, 1))]:
            queue.put(one)
        arriving = arriving[come:]
        taken = {claim for group in in_flight for one in group for claim in one.job.claims}
        group = queue.take(taken, several=several)
        assert taken.isdisjoint({claim for one in group for claim in one.job.claims})
        assert len(group) == 1 or cost_of(group) <= GROUP_COST_MAX
        assert len(group) == 1 or not any(one.job.is_alone for one in group)
        assert group or in_flight, "somebody could go, and nobody does"
        served += group
        if group:
            in_flight.append(group)
        else:
            in_flight = in_flight[1:]
        if len(in_flight) > 2:
            in_flight.pop(ends)
    assert sorted(map(id, served)) == sorted(map(id, waiting))
    for position, one in enumerate(served):
        for later in served[position + 1 :]:
            assert later.job.claims.isdisjoint(one.job.claims) or number_of(one) < number_of(later)


def number_of(one: Waiting) -> int:
    """In which order it came."""
    job: Any = one.job
    return int(job.number)


@given(stories, st.integers(1, 3), costs, st.booleans())
@example([(1, frozenset(), 1, False), (2, frozenset(), 1, False)] * 50, 2, GROUP_COST_MAX + 1, False)
@example([(1, frozenset(), 1, False), (2, frozenset(), 1, False)] * 50, 2, 1, True)
def test_nobody_starves_however_much_all_tenants_go_on_asking(
    story: Story, tenant: int, cost: int, is_alone: bool
) -> None:
    queue = queue_of(told(story))
    patient = ask(Tenant(1, tenant), cost=cost, is_alone=is_alone)
    before = sum(one.job.tenant == patient.job.tenant for one in queue)
    queue.put(patient)
    for _ in range(3 * (before + 2)):
        # Whatever was served, all tenants have as much to ask again at once.
        group = queue.take(NOBODY)
        if patient in group:
            return
        for one in group:
            queue.put(ask(one.job.tenant, cost=one.job.cost, is_alone=one.job.is_alone))
        for number in (1, 2, 3):
            queue.put(ask(Tenant(1, number)))
    raise AssertionError("it never goes")
