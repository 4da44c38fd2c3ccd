"""What is kept of what is asked for of a webhook endpoint."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from dues.domain.webhook_endpoints import WebhookEndpoint, WebhookEndpointChanges, fold_types, update_webhook_endpoint

TYPES = st.lists(st.sampled_from(["bill.paid", "bill.voided", "account.created", "webhook_endpoint.test"]))


@given(TYPES)
def test_each_type_is_there_once_and_in_its_order(given_types: list[str]) -> None:
    folded = fold_types(given_types)
    assert folded is not None
    assert set(folded) == set(given_types)
    assert len(set(folded)) == len(folded)
    assert [given_types.index(one) for one in folded] == sorted(given_types.index(one) for one in folded)


@given(TYPES, st.one_of(st.none(), st.just(UNSET), TYPES))
def test_a_change_folds_what_it_brings_and_nothing_else(before: list[str], brought: object) -> None:
    old = WebhookEndpoint(
        id="whe_1",
        url="",
        event_types=before,
        description=None,
        disabled_reason=None,
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    new = update_webhook_endpoint(old, WebhookEndpointChanges(event_types=brought))  # type: ignore[arg-type]
    assert new.event_types == (before if brought is UNSET else fold_types(brought))  # type: ignore[arg-type]
