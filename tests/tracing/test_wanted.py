"""Whether traces are made: what says so, what is refused, and that nothing of it is there where they are not."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from dues.settings import SettingsError
from dues.tracing import wanted
from dues.tracing.wanted import is_wanted
from tests.journeys.home import dues

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318"}


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SERVICE_NAME": "dues"}, False),
    ],
)
def test_traces_are_wanted_where_there_is_somewhere_to_send_them(environment: dict[str, str], says: bool) -> None:
    assert is_wanted(environment) is says


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
def test_what_cannot_be_is_refused_by_name(environment: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError, match=f"^{names} must be "):
        is_wanted(environment)


def test_it_is_refused_where_the_extra_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str) -> object:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)
        return find_spec(name)

    monkeypatch.setattr(wanted, "find_spec", without)
    with pytest.raises(SettingsError, match=r"Install dues\[otel\], or unset it"):
        is_wanted(ENDPOINT)
    assert is_wanted({}) is False, "and nobody else needs it"


@pytest.mark.parametrize("command", ["serve", "deliver"])
def test_a_server_that_is_asked_for_what_cannot_be_does_not_start(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    done = dues(command, *(["--port", "0"] if command == "serve" else []), database_url="postgresql://127.0.0.1:9/none")
    assert done.returncode == 2
    assert done.stderr == (
        "dues: OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, at port 4318 of most collectors.\n"
    )


_LOADED = """
import json, os, sys
import dues.server, dues.cli.main, dues.webhooks.process
from dues.tracing.parts import parts_of
parts = parts_of(os.environ)
print(json.dumps([parts.group_commit.__class__.__name__, [one for one in sys.modules if "opentelemetry" in one]]))
"""


@pytest.mark.slow
def test_where_traces_are_not_wanted_nothing_of_it_is_imported() -> None:
    def loaded(**more: str) -> tuple[str, list[str]]:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")} | more
        done = subprocess.run([sys.executable, "-c", _LOADED], env=environment, capture_output=True, check=True)
        made, modules = json.loads(done.stdout)
        return made, modules

    assert loaded() == ("type", []), "and the parts are the usual ones"
    made, modules = loaded(**ENDPOINT)
    assert made == "partial"
    assert "opentelemetry.sdk.trace" in modules, "or the test sees nothing"
