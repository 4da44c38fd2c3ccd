"""Alerts and dashboard ask for metrics that there are, and lead to sections that there are; Prometheus takes them."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dues.http.metrics import Metrics
from tests.conftest import Merchant
from tests.journeys.own_database import until
from tests.running import RunningServer, free_port

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
ALERTS_TESTS = Path(__file__).parent / "alerts_tests.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dues.json"
SEE = ROOT / "docs" / "guides" / "see-what-it-does.md"
GUIDE = ROOT / "docs" / "guides" / "operate.md"


def alerts() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard that show something."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """What is asked of Prometheus, and where."""
    yield from ((rule["alert"], rule["expr"]) for rule in alerts())
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def series() -> dict[str, set[str]]:
    """The names under which Prometheus knows the metrics, and the labels of each."""
    found = {}
    for metric in Metrics().described():
        names = [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
        for name in names if metric.type == "histogram" else [metric.name]:
            found[name] = {*metric.labels} | ({"le"} if name.endswith("_bucket") else set())
    return found


SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""


def test_every_metric_that_is_asked_for_exists() -> None:
    known = series()
    asked = set()
    for where, expression in expressions():
        for name in re.findall(r"\bdues_\w+", expression):
            assert name in known, f"{where} asks for {name}"
            asked.add(name)
        for name, matchers in re.findall(r"\b(dues_\w+)\{(.*?)\}(?=[\[\s),]|$)", expression):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers))
            assert labels <= known[name] | SCRAPED, f"{where}: {name} has no such label"
    unasked = {name for name in known if name not in asked}
    assert unasked == {"dues_request_duration_seconds_sum", "dues_request_duration_seconds_count"} | {
        f"dues_webhook_duration_seconds_{part}" for part in ("sum", "count")
    }, "and every metric is of use to somebody"


def test_every_alert_says_what_is_and_leads_to_what_to_do() -> None:
    sections = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-"): text
        for heading, text in re.findall(r"^#+ (.*)\n((?:(?!^#).*\n)*)", GUIDE.read_text(), re.MULTILINE)
    }
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        document, _, section = rule["annotations"]["runbook_url"].partition("#")
        assert document == "docs/guides/operate.md"
        assert f"`{rule['alert']}`" in sections[section], f"{section} does not say what {rule['alert']} is"
    named = set(re.findall(r"`(Dues[A-Z]\w+)`", GUIDE.read_text()))
    assert named == {rule["alert"] for rule in alerts()}


def test_every_alert_is_tried() -> None:
    tried = ALERTS_TESTS.read_text()
    for rule in alerts():
        assert f'alertname="{rule["alert"]}"' in tried or f"alertname: {rule['alert']}\n" in tried, rule["alert"]


def test_the_dashboard_is_whole() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["schemaVersion"] >= 36
    assert board["uid"] == "dues"
    assert "id" not in board, "which is the Grafana's that it was taken from"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len({*ids})
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x + place["x"], y + place["y"]) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert taken.isdisjoint(cells), panel["title"]
        taken |= cells
    for panel in panels():
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {source["uid"] for source in sources} == {"${datasource}"}, "whatever it is called there"
        assert all('job="$job"' in target["expr"] for target in panel["targets"]), panel["title"]


# What Prometheus itself says of it ----------------------------------------------------------------------------------

soak = pytest.mark.skipif("DUES_TEST_SOAK" not in os.environ, reason="make soak")


def program(name: str) -> str:
    """Where a program of Prometheus is."""
    return shutil.which(name) or pytest.skip(f"this machine has no {name}: it is in Debian's package prometheus")


def promtool(*arguments: str | Path, given: str = "") -> str:
    """What it says. It has to be content."""
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.soak
@soak
def test_prometheus_takes_the_rules_and_each_is_raised_when_it_should(tmp_path: Path) -> None:
    assert f"{len(alerts())} rules found" in promtool("check", "rules", ALERTS)
    for file in (ALERTS, ALERTS_TESTS):
        shutil.copy(file, tmp_path)
    promtool("test", "rules", tmp_path / ALERTS_TESTS.name)


@pytest.mark.soak
@soak
def test_prometheus_takes_what_the_dashboard_asks(tmp_path: Path) -> None:
    # As rules that record: the one way to have it parse an expression without a server.
    asked = [target["expr"].replace("$job", "dues") for panel in panels() for target in panel["targets"]]
    rules = [{"record": f"dues:asked:{number}", "expr": expression} for number, expression in enumerate(asked)]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "asked.yaml")


@pytest.mark.soak
@soak
def test_prometheus_takes_the_metrics_as_they_are_served(server: RunningServer, merchant: Merchant) -> None:
    assert merchant.caller().open_account().status_code == 201
    assert merchant.caller().get("/billing/accounts/none").status_code == 404
    told = httpx.get(f"{server.base}/metrics").text
    assert "dues_webhook_lag_seconds" in told
    assert promtool("check", "metrics", given=told) == ""


@pytest.mark.soak
@soak
def test_prometheus_finds_in_a_server_what_alerts_and_dashboard_ask(
    server: RunningServer, merchant: Merchant, tmp_path: Path
) -> None:
    (said,) = re.findall(r"^```yaml\n(# prometheus.yml\n.*?)^```", SEE.read_text(), re.DOTALL | re.MULTILINE)
    config = tmp_path / "prometheus.yml"
    config.write_text(said.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}").replace("15s", "1s"))
    shutil.copy(ALERTS, tmp_path)
    assert "SUCCESS" in promtool("check", "config", config)
    address = f"127.0.0.1:{free_port()}"
    command = [program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    with (tmp_path / "log").open("w") as log:
        prometheus = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        prometheus_is_asked(f"http://{address}", merchant)
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def prometheus_is_asked(base: str, merchant: Merchant) -> None:
    """It has scraped, and answers what the files ask, but for what is not there in a server that is well."""

    def asked(path: str, **parameters: str) -> Any:
        answer = httpx.get(f"{base}/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def has_scraped_twice() -> bool:
        assert merchant.caller().open_account().status_code == 201
        with contextlib.suppress(httpx.HTTPError, AssertionError):
            return bool(asked("query", query='rate(dues_requests_total{job="dues",status="201"}[1m]) > 0')["result"])
        return False

    until(has_scraped_twice, 30)
    until(lambda: all(rule["health"] == "ok" for group in asked("rules")["groups"] for rule in group["rules"]), 30)
    assert asked("alerts")["alerts"] == [] or {alert["state"] for alert in asked("alerts")["alerts"]} == {"pending"}
    nothing = set()
    for panel in panels():
        for target in panel["targets"]:
            found = asked("query", query=target["expr"].replace("$job", "dues"))["result"]
            if not found:
                nothing.add(panel["title"])
    assert nothing <= {"Backup age", "Attempts", "Requests without a known key", "Groups, and those decided again"}
