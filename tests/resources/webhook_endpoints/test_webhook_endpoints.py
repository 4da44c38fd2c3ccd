"""/billing/webhook_endpoints: what is kept of an endpoint, and who may say what of it. Delivery has its own tests."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dues.db.database import Database
from dues.domain.webhook_endpoints import ENDPOINTS_MAX
from tests.conftest import Ask, Merchant
from tests.running import Caller, new_key

PATH = "/billing/webhook_endpoints"
URL = "https://example.com/webhooks"


def make(caller: Caller, **changes: Any) -> dict[str, Any]:
    """A new endpoint."""
    answer = caller.post(PATH, {"url": URL} | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def wrong(answer: Any) -> tuple[int, str, str]:
    """(status, pointer, code) of the one thing that is wrong."""
    [error] = answer.json()["errors"]
    return answer.status_code, error["pointer"], error["code"]


def test_its_secret_is_shown_once(alice: Caller) -> None:
    made = make(alice, event_types=["bill.paid"], description="The shop")
    secret = made.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/=]{32,}", secret)
    assert made == {
        "id": made["id"],
        "url": URL,
        "status": "enabled",
        "created_at": made["created_at"],
        "event_types": ["bill.paid"],
        "description": "The shop",
    }
    assert alice.get(f"{PATH}/{made['id']}").json() == made
    assert alice.everything(PATH) == [made]
    assert secret not in alice.get("/billing/events").text


def test_the_same_key_gives_the_same_secret(alice: Caller) -> None:
    key = new_key()
    first, again = (alice.post(PATH, {"url": URL}, key) for _ in range(2))
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(alice.everything(PATH)) == 1


def test_what_is_sent_changes_and_the_rest_stays(alice: Caller) -> None:
    made = make(alice, event_types=["bill.paid"], description="The shop")
    path = f"{PATH}/{made['id']}"
    changed = alice.patch(path, {"url": "https://example.com/other", "event_types": None}).json()
    assert changed == {k: v for k, v in made.items() if k not in ("secret", "event_types")} | {
        "url": "https://example.com/other"
    }
    assert alice.patch(path, {"description": None}).json().get("description") is None
    disabled = alice.patch(path, {"status": "disabled"}).json()
    assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "asked")
    assert alice.everything(PATH, status="disabled") == [disabled]
    assert alice.everything(PATH, status="enabled") == []
    enabled = alice.patch(path, {"status": "enabled"}).json()
    assert (enabled["status"], enabled.get("disabled_reason")) == ("enabled", None)


def test_only_who_saw_it_last_changes_it(alice: Caller) -> None:
    path = f"{PATH}/{make(alice)['id']}"
    tag = alice.get(path).headers["ETag"]
    assert alice.patch(path, {"description": "first"}, If_Match=tag).status_code == 200
    assert alice.patch(path, {"description": "second"}, If_Match=tag).status_code == 412


def test_a_new_secret_leaves_the_old_one_a_day(alice: Caller) -> None:
    made = make(alice)
    key = new_key()
    rotated, again = (alice.post(f"{PATH}/{made['id']}/rotate_secret", {}, key) for _ in range(2))
    assert rotated.status_code == 200
    assert rotated.content == again.content
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.json()["old_secret_until"] > made["created_at"]


def test_a_type_that_is_asked_for_twice_is_kept_once(alice: Caller) -> None:
    made = make(alice, event_types=["bill.paid", "account.created", "bill.paid", "bill.paid", "account.created"])
    assert made["event_types"] == ["bill.paid", "account.created"]
    path = f"{PATH}/{made['id']}"
    changed = alice.patch(path, {"event_types": ["bill.voided", "bill.paid", "bill.voided"]}).json()
    assert changed["event_types"] == alice.get(path).json()["event_types"] == ["bill.voided", "bill.paid"]


def test_what_was_begun_before_it_is_over_before_it_begins(alice: Caller, database_url: str) -> None:
    """Whoever is committed after an endpoint was made is sent to it: none has a place in the feed that is before it."""

    async def race() -> None:
        early = await asyncpg.connect(database_url)
        try:
            await early.execute("begin; lock table events in row exclusive mode; select nextval('event_positions')")
            making = asyncio.create_task(asyncio.to_thread(alice.post, PATH, {"url": URL}))
            await asyncio.sleep(0.2)
            assert not making.done()
            await early.execute("commit")
            assert (await making).status_code == 201
            await early.execute("begin; lock table events in row exclusive mode")
            held = await asyncio.to_thread(alice.post, PATH, {"url": URL})
            assert (held.status_code, held.json()["code"]) == (503, "unavailable"), "rather than that it misses one"
            assert held.headers["Retry-After"]
        finally:
            await early.close()

    asyncio.run(race())
    assert len(alice.everything(PATH)) == 1


def test_what_is_deleted_is_gone(alice: Caller) -> None:
    made = make(alice)
    path = f"{PATH}/{made['id']}"
    deleted = alice.http.delete(path)
    assert (deleted.status_code, deleted.json()) == (200, {"id": made["id"], "deleted": True})
    for answer in (
        alice.get(path),
        alice.patch(path, {}),
        alice.http.delete(path),
        alice.post(f"{path}/test", {}),
        alice.post(f"{path}/rotate_secret", {}),
        alice.post(f"{path}/resend", {"failed": True}),
        alice.get(f"{path}/deliveries"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint_not_found")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"url": "http://127.0.0.1/"}, "/url", "invalid_url"),
        ({"url": "http://localhost:3000/hook"}, "/url", "invalid_url"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "/url", "invalid_url"),
        ({"url": "http://2130706433/"}, "/url", "invalid_url"),
        ({"url": "ftp://example.com"}, "/url", "invalid_url"),
        ({"url": "https://example.com:22/"}, "/url", "invalid_url"),
        ({"url": "https://example.com:25/"}, "/url", "invalid_url"),
        ({"url": "https://me:secret@example.com"}, "/url", "invalid_url"),
        ({"url": "example.com"}, "/url", "invalid_url"),
        ({"url": ""}, "/url", "too_short"),
        ({"url": 5}, "/url", "wrong_type"),
        ({}, "/url", "required"),
        ({"url": URL, "event_types": ["bill.payed"]}, "/event_types", "unknown_type"),
        ({"url": URL, "event_types": []}, "/event_types", "too_few"),
        ({"url": URL, "event_types": [1]}, "/event_types/0", "wrong_type"),
        ({"url": URL, "event_types": "bill.paid"}, "/event_types", "wrong_type"),
        ({"url": URL, "secret": "whsec_x"}, "/secret", "unknown_field"),
    ],
)
def test_nonsense_is_refused_by_name(body: dict[str, Any], pointer: str, code: str, alice: Caller) -> None:
    assert wrong(alice.post(PATH, body)) == (400, pointer, code)


def test_a_url_is_as_good_when_it_is_changed(alice: Caller) -> None:
    path = f"{PATH}/{make(alice)['id']}"
    assert wrong(alice.patch(path, {"url": "http://169.254.169.254/latest"})) == (400, "/url", "invalid_url")
    assert wrong(alice.patch(path, {"event_types": ["x"]})) == (400, "/event_types", "unknown_type")
    assert alice.get(path).json()["url"] == URL


def test_live_events_go_by_https_alone(merchant: Merchant) -> None:
    assert wrong(merchant.caller("live").post(PATH, {"url": "http://example.com"})) == (400, "/url", "invalid_url")
    assert merchant.caller("test").post(PATH, {"url": "http://example.com"}).status_code == 201


def test_there_may_be_a_hundred(alice: Caller) -> None:
    for _ in range(ENDPOINTS_MAX):
        make(alice)
    refused = alice.post(PATH, {"url": URL})
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_webhook_endpoints")
    alice.http.delete(f"{PATH}/{alice.everything(PATH)[0]['id']}")
    make(alice)


def test_another_merchants_endpoint_does_not_exist(
    alice: Caller, mallory: Caller, merchant: Merchant, new_merchant: Callable[[], Merchant]
) -> None:
    path = f"{PATH}/{make(alice)['id']}"
    for stranger in (mallory, merchant.caller("live")):
        assert stranger.everything(PATH) == []
        for answer in (
            stranger.get(path),
            stranger.patch(path, {"status": "disabled"}),
            stranger.http.delete(path),
            stranger.post(f"{path}/test", {}),
            stranger.post(f"{path}/rotate_secret", {}),
            stranger.post(f"{path}/resend", {"failed": True}),
            stranger.get(f"{path}/deliveries"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint_not_found")
    assert merchant.caller(kind="public").get(PATH).status_code == 403
    assert alice.get(path).json()["status"] == "enabled"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "", "choose_one"),
        ({"event": "evt_1", "failed": True}, "", "choose_one"),
        ({"failed": False}, "", "choose_one"),
        ({"failed": "yes"}, "/failed", "wrong_type"),
        ({"until": "2026-01-05T08:00:00Z", "failed": True}, "/until", "needs_since"),
        ({"since": "yesterday"}, "/since", "invalid_time"),
        ({"since": "2026-01-05T09:00:00Z", "until": "2026-01-05T08:00:00Z"}, "/until", "before_since"),
        ({"since": "1969-12-31T23:59:59Z"}, "/since", "too_early"),
        ({"since": "2200-01-01T00:00:00Z"}, "/since", "in_the_future"),
        ({"since": "2026-01-05T08:00:00Z", "until": "2200-01-01T00:00:00Z"}, "/until", "in_the_future"),
    ],
)
def test_what_is_to_be_sent_again_is_said_in_one_way(
    body: dict[str, Any], pointer: str, code: str, alice: Caller
) -> None:
    assert wrong(alice.post(f"{PATH}/{make(alice)['id']}/resend", body)) == (400, pointer, code)


def test_what_is_sent_again_exists(alice: Caller, mallory: Caller) -> None:
    mallory.register_customer()
    theirs = mallory.get("/billing/events").json()["data"][0]["id"]
    path = f"{PATH}/{make(alice)['id']}"
    for event in ("evt_1", theirs):
        answer = alice.post(f"{path}/resend", {"event": event})
        assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")


def test_what_is_sent_again_already_is_not_begun_twice_and_something_else_waits(alice: Caller, ask: Ask[int]) -> None:
    alice.register_customer()
    path = f"{PATH}/{make(alice)['id']}/resend"
    now = datetime.now(UTC)
    hour = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(seconds=0.01)).isoformat()}
    half = {"since": (now - timedelta(hours=0.5)).isoformat(), "until": hour["until"]}
    for body in (hour, hour, half):
        answer = alice.post(path, body)
        assert (answer.status_code, answer.json()) == (202, {"events": 1})
    longer = hour | {"since": (now - timedelta(hours=2)).isoformat()}
    for body in (longer, {"since": hour["since"]}):
        answer = alice.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "resend_under_way")
    assert alice.post(path, {"failed": True}).json() == {"events": 0}, "which is nothing to wait for"
    event = alice.everything("/billing/events")[0]["id"]
    assert [alice.post(path, {"event": event}).json() for _ in range(3)] == [{"events": 1}] * 3

    async def count(database: Database) -> int:
        endpoint_id = path.split("/")[3]
        [jobs] = await database.rows("select count(*) from webhook_resends where endpoint_id = $1", endpoint_id)
        [lanes] = await database.rows("select count(*) from webhook_lanes where endpoint_id = $1", endpoint_id)
        return 10 * int(jobs["count"]) + int(lanes["count"])

    assert ask(count) == 11, "one job, and one lane for the event"
    alice.http.delete(path.removesuffix("/resend"))
    assert ask(count) == 1, "and the lane is retention's"


def test_nothing_is_sent_to_a_disabled_endpoint(alice: Caller) -> None:
    path = f"{PATH}/{make(alice)['id']}"
    alice.patch(path, {"status": "disabled"})
    for answer in (alice.post(f"{path}/test", {}), alice.post(f"{path}/resend", {"failed": True})):
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_endpoint_disabled")
