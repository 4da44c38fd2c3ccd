"""What Prometheus is told: facts while they are fresh, pools, and groups that met another process."""

from datetime import UTC, datetime, timedelta

import pytest

from dues.db.installation import Installation
from dues.db.pool import PoolUsage
from dues.http import facts
from dues.http.metrics import Metrics
from dues.webhooks.backlog.due import Due


def told(metrics: Metrics) -> dict[str, float]:
    """Each series and its value."""
    lines = [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}


def test_what_is_not_known_is_left_out() -> None:
    metrics = Metrics()
    assert not [series for series in told(metrics) if series.startswith(("dues_backup", "dues_webhook_lag"))]
    metrics.facts.observe_installation(Installation(None, None, None))
    assert told(metrics)["dues_webhook_deliveries_held"] == 0
    assert "dues_backup_age_seconds" not in told(metrics), "there is no backup"


def test_a_backup_has_an_age_and_what_is_held_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, now = Metrics(), datetime.now(UTC)
    metrics.facts.observe_installation(Installation(now - timedelta(hours=1), now, now))
    metrics.facts.observe_backlog(Due(working=3, failing=1, due=7, lag_seconds=12.5))
    said = told(metrics)
    assert said["dues_backup_age_seconds"] == pytest.approx(3600, abs=30)
    assert said["dues_webhook_deliveries_held"] == 1
    assert (said["dues_webhook_due"], said["dues_webhook_lag_seconds"]) == (7, 12.5)
    assert said['dues_webhook_endpoints{state="working"}'] == 3
    assert said['dues_webhook_endpoints{state="failing"}'] == 1
    monkeypatch.setattr(facts, "FRESH_SECONDS", 0.0)
    assert not {"dues_backup_age_seconds", "dues_webhook_due"} & told(metrics).keys(), "nobody has looked of late"


def test_pools_and_conflicts_are_counted() -> None:
    metrics = Metrics()
    metrics.observe_pool("groups", PoolUsage(used=2, idle=1, most=6, waiting=4))
    metrics.observe_conflict("payments.create")
    said = told(metrics)
    assert said['dues_database_connections{pool="groups",state="used"}'] == 2
    assert said['dues_database_connections{pool="groups",state="idle"}'] == 1
    assert said['dues_database_connections_max{pool="groups"}'] == 6
    assert said['dues_database_waiting{pool="groups"}'] == 4
    assert said['dues_group_conflicts_total{command="payments.create"}'] == 1
