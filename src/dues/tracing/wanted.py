"""Whether traces are wanted, by OpenTelemetry's own environment variables. What cannot be is refused loudly."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

from dues.settings import SettingsError

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Where traces are sent, the more particular first. Without either, nothing is traced."""

PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

PROTOCOL: Final = "http/protobuf"
"""The protocol that OpenTelemetry recommends, and the only one here: that of gRPC would bring a compiled library along
for the same spans."""


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether traces are to be sent. Raises SettingsError where they are, and that is not possible."""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    endpoint = next((name for name in ENDPOINTS if environment.get(name, "").strip()), None)
    is_disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_disabled or endpoint is None or exporter == "none":
        return False
    if exporter != "otlp":
        raise SettingsError("OTEL_TRACES_EXPORTER must be otlp or none.")
    if not environment[endpoint].strip().startswith(("http://", "https://")):
        raise SettingsError(f"{endpoint} must be a URL like http://collector.example:4318.")
    for name in PROTOCOLS:
        if environment.get(name, "").strip() not in ("", PROTOCOL):
            raise SettingsError(f"{name} must be {PROTOCOL}, at port 4318 of most collectors.")
    if not _is_installed():
        raise SettingsError(f"{endpoint} is set, and OpenTelemetry is not installed. Install dues[otel], or unset it.")
    return True


def _is_installed() -> bool:
    # The last of its parts: that of the interfaces alone comes along with many libraries.
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
