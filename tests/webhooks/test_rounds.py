"""What is sent in a round: pure, so any feed can be tried."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dues.events.store import Event
from dues.webhooks.outcome import Outcome
from dues.webhooks.rounds import Chain, plan_round

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TAKEN, FAILED = Outcome(200, None, 5, ""), Outcome(500, None, 5, "no")

feeds = st.lists(st.sampled_from("abcd"), max_size=30).map(lambda objects: feed(*objects))


def feed(*objects: str) -> list[Event]:
    """An event of each of these objects, in this order, at the positions 10, 20, …"""
    return [
        Event(f"evt_{place}", "customer.updated", one, objects[:place].count(one) + 1, 10 * (place + 1), NOW, "{}")
        for place, one in enumerate(objects)
    ]


def shown(chains: list[Chain]) -> list[list[int]]:
    """The positions in each chain."""
    return [[event.position for event in chain.events] for chain in chains]


def test_each_object_is_a_chain_and_what_is_behind_is_not_sent() -> None:
    planned = plan_round(feed("a", "b", "a", "c", "b"), {"c"}, 60, is_probe=False)
    assert shown(list(planned.chains)) == [[10, 30], [20, 50]]
    assert [event.position for event in planned.behind] == [40]
    assert planned.position == 60


def test_a_probe_is_the_oldest_alone_and_goes_no_further() -> None:
    planned = plan_round(feed("c", "a", "b", "c"), {"c"}, 60, is_probe=True)
    assert shown(list(planned.chains)) == [[20]]
    assert [event.position for event in planned.behind] == [10]
    assert planned.position == 20


def test_a_probe_with_nothing_but_what_is_behind_passes_it() -> None:
    planned = plan_round(feed("c", "c"), {"c"}, 60, is_probe=True)
    assert (list(planned.chains), planned.position) == ([], 60)
    assert [event.position for event in planned.behind] == [10, 20]


@given(feeds, st.sets(st.sampled_from("abcd")), st.booleans())
def test_nothing_up_to_the_new_position_is_left_out_or_out_of_order(
    events: list[Event], behind: set[str], is_probe: bool
) -> None:
    end = 10 * len(events) + 5
    planned = plan_round(events, behind, end, is_probe=is_probe)
    sent = [event for chain in planned.chains for event in chain.events]
    passed = sorted([*sent, *planned.behind], key=lambda event: event.position)
    assert passed == [event for event in events if event.position <= planned.position]
    assert all(event.object_id in behind for event in planned.behind)
    for chain in planned.chains:
        assert len({event.object_id for event in chain.events} - behind) == 1
        assert [event.sequence for event in chain.events] == sorted(event.sequence for event in chain.events)
    assert len({chain.events[0].object_id for chain in planned.chains}) == len(planned.chains)


def test_a_lane_begins_with_the_first_event_that_was_not_taken() -> None:
    first, second, third = feed("a", "a", "a")
    assert not Chain([first]).is_whole
    assert Chain([first]).first_not_taken == first
    half = Chain([first, second, third], [(first, TAKEN)])
    assert (half.is_whole, half.has_failed, half.first_not_taken) == (False, False, second)
    failed = Chain([first, second, third], [(first, TAKEN), (second, FAILED)])
    assert (failed.is_whole, failed.has_failed, failed.first_not_taken) == (False, True, second)
    last = Chain([first, second], [(first, TAKEN), (second, FAILED)])
    assert (last.is_whole, last.first_not_taken) == (False, second)
    assert Chain([first, second], [(first, TAKEN), (second, TAKEN)]).is_whole
