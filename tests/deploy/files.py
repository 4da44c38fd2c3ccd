"""What is in deploy/, read as the programs that it is for would read it."""

import re
from collections.abc import Iterator
from configparser import RawConfigParser
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "kubernetes" / "base"
EXAMPLE = DEPLOY / "kubernetes" / "example"
SYSTEMD = DEPLOY / "systemd"

Object = dict[str, Any]


@cache
def compose() -> Object:
    """The compose file."""
    found: Object = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each with its name in capitals and what follows, on one line."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


@cache
def manifests() -> list[Object]:
    """All objects of the base and of the example, but for what is only read by kustomize."""
    found = [
        each
        for folder in (BASE, EXAMPLE)
        for file in sorted(folder.glob("*.yaml"))
        for each in yaml.safe_load_all(file.read_text())
    ]
    return [each for each in found if each["kind"] != "Kustomization"]


def manifest(kind: str, name: str = "dues") -> Object:
    """The one of this kind and name."""
    (found,) = [each for each in manifests() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pods() -> list[Object]:
    """What the Deployment and the Job make pods of."""
    return [each["spec"]["template"]["spec"] for each in (manifest("Deployment"), manifest("Job", "dues-migrate"))]


def containers() -> list[Object]:
    """All of them, those that come before others too."""
    return [each for pod in pods() for each in [*pod.get("initContainers", []), *pod["containers"]]]


def server_container() -> Object:
    """The one that serves."""
    (found,) = [each for each in containers() if each["name"] == "dues"]
    return found


def unit(name: str) -> dict[str, dict[str, str]]:
    """A unit's sections. Of what stands there several times, the last."""
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = lambda option: option  # type: ignore[assignment, method-assign]
    parser.read(SYSTEMD / name)
    return {section: dict(parser[section]) for section in parser.sections()}


def settings_named() -> Iterator[tuple[str, str]]:
    """Each variable of ours that is set somewhere, and its text."""
    for _, rest in instructions():
        yield from re.findall(r"\b(DUES_\w+)=(\S+)", rest)
    for service in compose()["services"].values():
        yield from ((k, str(v)) for k, v in service.get("environment", {}).items() if k.startswith("DUES_"))
    for container in containers():
        yield from ((each["name"], each["value"]) for each in container["env"])
    for file in [BASE / "settings.env", *SYSTEMD.rglob("*.*")]:
        if file.is_file():
            yield from re.findall(r"^(?:Environment=)?(DUES_\w+)=(.*)$", file.read_text(), re.MULTILINE)
    for folder in (BASE, EXAMPLE):
        text = yaml.safe_load((folder / "kustomization.yaml").read_text())
        for generator in text["configMapGenerator"]:
            yield from (tuple(each.split("=", 1)) for each in generator.get("literals", []))
