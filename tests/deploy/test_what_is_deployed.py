"""What is in deploy/ agrees with dues, and with itself: settings, commands, paths, ports, secrets, seconds."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import typer
from typer.main import get_command

from dues.cli.main import app
from dues.draining import LAST_SECONDS
from dues.server import SHUTDOWN_SECONDS
from dues.settings import Settings, read_settings, secret_settings
from tests.deploy.files import (
    DEPLOY,
    ROOT,
    Object,
    compose,
    containers,
    instructions,
    manifest,
    manifests,
    pods,
    server_container,
    settings_named,
    unit,
)
from tests.running import RunningServer, free_port

STOPPING_SECONDS = Settings().drain_seconds + LAST_SECONDS + SHUTDOWN_SECONDS

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def of(name: str) -> list[str]:
    """What follows each instruction of this name in the Dockerfile."""
    return [rest for instruction, rest in instructions() if instruction == name]


def test_every_setting_that_is_set_is_one_of_dues_and_makes_sense() -> None:
    named = list(settings_named())
    assert {"DUES_DATABASE_URL_FILE", "DUES_TRUSTED_PROXIES", "DUES_DATA"} <= {name for name, _ in named}
    secrets = {f"DUES_{name.upper()}_FILE" for name in secret_settings()}
    for name, text in named:
        if name in secrets:
            assert text.startswith(("/run/secrets/", "%d/")), f"{name} is in a file"
        else:
            default = re.fullmatch(r"\$\{DUES_\w+:-(.*)\}", text)  # the compose file's
            read_settings({name: default[1] if default else text})


def test_what_containers_and_the_unit_run_are_commands_of_dues() -> None:
    image = json.loads(of("ENTRYPOINT")[0])
    assert (image, json.loads(of("CMD")[-1])) == (["dues"], ["serve"])
    services = compose()["services"]
    lines = [each["command"] for name, each in services.items() if name != "database"]
    lines += [each["args"] for each in containers() if "args" in each]
    lines += [re.findall(r"dues (\w+)", " ".join(each.get("command", [])))[:1] for each in containers()]
    lines += [unit("dues.service")["Service"]["ExecStart"].split()[1:]]
    group = get_command(app)
    assert isinstance(group, click.Group | typer.core.TyperGroup)
    for line in filter(None, lines):
        with group.make_context("dues", [*line], resilient_parsing=True) as context:
            name, command, rest = group.resolve_command(context, [*line])
            assert command, line
            command.make_context(name, rest)  # raises where an option is none of it


def test_paths_that_are_probed_answer_and_a_server_that_is_away_is_not_healthy(server: RunningServer) -> None:
    asked = {probe: port_and_path(each) for probe, each in probes().items()}
    assert asked == {
        "startupProbe": ("http", "/healthz"),
        "livenessProbe": ("http", "/healthz"),  # a database that is away is no reason to restart a server …
        "readinessProbe": ("http", "/readyz"),  # … but to send it nobody
    }
    image = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
    composed = compose()["services"]["dues"]["healthcheck"]["test"]
    assert composed[0] == "CMD"
    for check, path in ((image, "/healthz"), (composed[1:], "/readyz")):
        assert path in check[-1]
        for port, status in ((server.port, 0), (free_port(), 1)):
            command = [sys.executable, *(part.replace("8080", str(port)) for part in check[1:])]
            done = subprocess.run(command, env={"DUES_PORT": str(port)}, capture_output=True, check=False, timeout=10)
            assert done.returncode == status, (check, done.stderr)


def probes() -> Object:
    """The server's in Kubernetes."""
    return {name: each["httpGet"] for name, each in server_container().items() if name.endswith("Probe")}


def port_and_path(probe: Object) -> tuple[str, str]:
    return probe["port"], probe["path"]


def test_it_is_the_same_port_everywhere() -> None:
    port = Settings().port
    assert of("EXPOSE") == [str(port)]
    assert f"DUES_PORT={port}" in of("ENV")[-1]
    assert compose()["services"]["dues"]["ports"] == [f"127.0.0.1:{port}:{port}"], "on loopback: a proxy has the TLS"
    assert server_container()["ports"] == [{"name": "http", "containerPort": port}]
    assert manifest("Service")["spec"]["ports"][0]["targetPort"] == "http"
    annotations = manifest("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port)
    assert unit("dues.socket")["Socket"]["ListenStream"] == f"127.0.0.1:{port}"


def test_nobody_is_killed_while_the_server_drains() -> None:
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert int(compose()["services"]["dues"]["stop_grace_period"].rstrip("s")) > STOPPING_SECONDS
    assert int(unit("dues.service")["Service"]["TimeoutStopSec"]) > STOPPING_SECONDS
    (pod,) = [each for each in pods() if "initContainers" in each]
    sleep, seconds = server_container()["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    assert pod["terminationGracePeriodSeconds"] > int(seconds) + STOPPING_SECONDS
    assert manifest("Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_it_runs_as_nobody_in_particular_and_can_change_nothing_but_its_data() -> None:
    uid = 10001
    assert of("USER") == [f"{uid}:{uid}"]
    assert f"--uid {uid}" in " ".join(of("RUN"))
    for name, service in compose()["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        if name != "database":
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": uid,
            "runAsGroup": uid,
            "fsGroup": uid,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    for container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= container["resources"].keys()


def test_selectors_find_the_servers_and_not_the_migration() -> None:
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    others = manifest("Job", "dues-migrate")["spec"]["template"]["metadata"]["labels"]
    selectors = [manifest("Service")["spec"]["selector"]]
    selectors += [manifest(kind)["spec"]["selector"]["matchLabels"] for kind in ("Deployment", "PodDisruptionBudget")]
    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not selector.items() <= others.items()
    policy = manifest("NetworkPolicy")["spec"]
    for each in (labels, others):
        assert policy["podSelector"]["matchLabels"].items() <= each.items()


def test_only_what_clients_need_is_let_in_from_outside() -> None:
    (rule,) = manifest("Ingress")["spec"]["rules"]
    assert {path["path"] for path in rule["http"]["paths"]} == {"/billing", "/docs", "/openapi.json"}
    assert [*compose()["services"]["database"]["networks"]] == ["database"]
    assert compose()["networks"]["database"]["internal"] is True


def test_secrets_are_named_and_never_written_down() -> None:
    stored = {each["metadata"]["name"]: each["stringData"] for each in manifests() if each["kind"] == "Secret"}
    for pod in pods():
        mounted = {
            mount["mountPath"]: stored[volume["secret"]["secretName"]]
            for container in [*pod.get("initContainers", []), *pod["containers"]]
            for mount in container["volumeMounts"]
            for volume in pod["volumes"]
            if volume["name"] == mount["name"] and "secret" in volume
        }
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            for each in container["env"]:
                if each["name"].endswith("_FILE"):
                    folder, _, key = each["value"].rpartition("/")
                    assert key in mounted[folder], each
    names = compose()["secrets"].keys()
    for service in compose()["services"].values():
        assert set(service["secrets"]) <= names
        for name, text in service["environment"].items():
            if name.endswith("_FILE"):
                assert text.removeprefix("/run/secrets/") in service["secrets"], text
    written = re.compile(r"://\w+:(?!PASSWORD@)[^@\s]+@|[A-Za-z0-9+/]{43}=|\b[sp]k_(?:test|live)_\w|whsec_\w")
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert not written.search(path.read_text()), path


def test_the_image_is_of_this_version_and_made_of_what_is_pinned() -> None:
    tags = {service["image"] for service in compose()["services"].values() if "build" in service}
    assert tags == {f"dues:{VERSION}"}
    assert of("ARG") == [f"VERSION={VERSION}"]
    assert f"newTag: {VERSION}" in (DEPLOY / "kubernetes" / "example" / "kustomization.yaml").read_text()
    first, second = of("FROM")
    assert first == f"{second} AS build"
    python = re.fullmatch(r"python:(3\.\d+)-slim-\w+", second)
    assert python, "small, and neither its version nor that of its system changes by itself"
    for path in re.findall(r"lib/python(3\.\d+)", " ".join(of("RUN"))):
        assert path == python[1]
    assert "--require-hashes --only-binary :all: --requirement requirements.lock" in " ".join(of("RUN"))


def test_what_the_image_is_built_from_is_let_into_the_builder_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    let_in = {line[2:] for line in lines if line.startswith("!/")}
    copied = {part for rest in of("COPY") if "--from" not in rest for part in rest.split()[:-1]}
    assert let_in == copied
    assert all((ROOT / name).exists() for name in let_in)


@pytest.mark.parametrize("name", ["data", "deploy/secrets"])
def test_secrets_of_a_checkout_are_never_committed(name: str) -> None:
    assert f"/{name}/" in Path(ROOT / ".gitignore").read_text().splitlines()
