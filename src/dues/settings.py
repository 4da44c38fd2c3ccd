"""Settings: read once at the start from options and DUES_… variables, refused loudly where they make no sense."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from dues.db.address import AddressError
from dues.db.pooler import Mode, Pooler, check_databases
from dues.environment import is_of_kubernetes, read_secret
from dues.http.client_address import parse_networks
from dues.http.cors import parse_origins
from dues.mails.server import MailServer
from dues.resources.imports.dropped.dropping import Dropping
from dues.tenants.secrets.keys import InvalidKeyError, SecretKeys
from dues.webhooks.destinations import USUAL_PORTS, Destinations, parse_ports
from dues.webhooks.outgoing import Outgoing

LogLevel = Literal["debug", "info", "warning", "error"]

_PREFIX: Final = "DUES_"

_PUBLIC_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*"
)
"""Only what means nothing in a shell, in a program or in HTML: it is put into all of them."""

_FILE: Final = "_FILE"
"""What a secret is read from: DUES_SECRET_KEY_FILE names the file that DUES_SECRET_KEY is in."""


class SettingsError(Exception):
    """A setting makes no sense. The message names it and says what it may be."""


def _setting(default: Any, says: str) -> Any:
    return field(default=default, metadata={"says": says, "secret": False})


def _secret(says: str) -> Any:
    return field(default="", repr=False, metadata={"says": says, "secret": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Each field is the variable DUES_<NAME> and, for `serve`, the option --<name>."""

    host: str = _setting("127.0.0.1", "The address to listen on.")
    port: int = _setting(8080, "The port to listen on; 0 takes any that is free.")
    data: Path = _setting(Path("data"), "The folder of the embedded PostgreSQL. Not used with a database URL.")
    archive: str = _setting("", "A folder that the embedded PostgreSQL archives to, for `dues restore --at`.")
    workers: int = _setting(1, "How many server processes share the port.")
    database_url: str = _secret("A PostgreSQL (15 or newer) to use instead of the embedded one.")
    pooler: Mode = _setting(
        "none",
        "The pooler that DUES_DATABASE_URL leads to: `none`, or in which mode it is: `session`, `transaction`, or the "
        "latter with prepared statements kept (`transaction-prepared`).",
    )
    session_database_url: str = _secret(
        "The same database past a pooler in transaction mode, for what needs sessions: migrating, verifying, listening."
    )
    database_connections: int = _setting(10, "How many connections each server process may open.")
    connections_max: int = _setting(
        0,
        "How many clients may be connected to each server process; 0: 10,000, or what the limit of open files leaves.",
    )
    idle_seconds: int = _setting(75, "How long a connection is kept on which nothing is asked.")
    drain_seconds: int = _setting(
        12,
        "How long after SIGTERM new connections are still taken, while /readyz says 503 and every answer closes its "
        "connection. It ends earlier where nobody has called for a quarter of it; Ctrl-C does without.",
    )
    trusted_proxies: str = _setting(
        "",
        "Addresses and networks of proxies, with commas between them. Of what comes from there, `X-Forwarded-For` or "
        "`Forwarded` says who the client is.",
    )
    cors_origins: str = _setting(
        "", "Origins such as `https://shop.example`, with commas between them, whose pages may read answers."
    )
    public_url: str = _setting(
        "",
        "What clients call, such as https://api.example.com/dues: links, error types and examples follow it. Unset: "
        "whatever they called.",
    )
    docs_base: str = _setting("/docs", "Where error types point to: a path of this server, or a whole URL.")
    idempotency_hours: int = _setting(24, "How long the first answer to an Idempotency-Key is kept and given again.")
    cells: int = _setting(1, "Over how many cells new merchants are spread, by which several nodes are divided.")
    event_days: int = _setting(30, "How long events, and what became of their deliveries, are kept.")
    file_days: int = _setting(30, "How long files that were imported, and what became of their rows, are kept.")
    drop_folder: str = _setting("", "A folder of which files are imported that are put there: by SFTP, or by hand.")
    drop_seconds: int = _setting(10, "How long a file there must not have changed before it is taken.")
    font_paths: str = _setting("", "Folders of more fonts for PDF documents, with colons between them.")
    webhooks: bool = _setting(True, "Whether `dues serve` delivers webhooks too; without it, run `dues deliver`.")
    webhook_allow_private: bool = _setting(False, "Whether webhooks may go to private, loopback, link-local addresses.")
    webhook_ports: str = _setting(USUAL_PORTS, "The ports that webhooks may go to.")
    mail_url: str = _secret(
        "What mail is sent by: smtp://user:password@mail.example.com:587 (by STARTTLS, unless it is this machine or "
        "`?starttls=no` is added), or smtps://. Without it no mail is sent."
    )
    mails: bool = _setting(True, "Whether `dues serve` sends mail too; without it, another server must.")
    mail_from: str = _setting("", "The address that mails are from; the name beside it is the merchant's.")
    secret_key: str = _secret(
        "What webhook secrets are encrypted with in the database: 32 random bytes in base64, as "
        "`openssl rand -base64 32` prints them. With several, and commas between them, the first encrypts and all "
        "decrypt. Without it they are stored as they are."
    )
    listen_secret: str = _secret("The `whsec_…` secret that `dues listen` signs with.")
    merchant: str = _setting(
        "", "Which merchant commands are for where `--merchant` does not say it: an id or a name. No server goes by it."
    )
    log_level: LogLevel = _setting("info", "The least important level that is logged.")

    def __post_init__(self) -> None:
        _between("port", self.port, 0, 65_535)
        _between("workers", self.workers, 1, 64)
        _between("database_connections", self.database_connections, 4, 500)
        _between("connections_max", self.connections_max, 0, 1_000_000)
        _between("idle_seconds", self.idle_seconds, 1, 3_600)
        _between("drain_seconds", self.drain_seconds, 0, 3_600)
        _between("idempotency_hours", self.idempotency_hours, 1, 24 * 365)
        _between("cells", self.cells, 1, 1_024)
        _between("event_days", self.event_days, 7, 3_650)
        _between("file_days", self.file_days, 1, 3_650)
        _between("drop_seconds", self.drop_seconds, 0, 3_600)
        try:
            parse_ports(self.webhook_ports)
        except ValueError:
            raise SettingsError("DUES_WEBHOOK_PORTS must be ports from 1 to 65535, like 443,8000-8999.") from None
        if self.log_level not in get_args(LogLevel):
            raise SettingsError(f"DUES_LOG_LEVEL must be one of {', '.join(get_args(LogLevel))}.")
        try:
            SecretKeys.parse(self.secret_key)
        except InvalidKeyError as error:
            raise SettingsError(f"DUES_SECRET_KEY: {error}") from None
        try:
            check_databases(self.database_url, self.pooler, self.session_database_url)
            MailServer.parse(self.mail_url, self.mail_from)
        except (AddressError, ValueError) as error:
            raise SettingsError(str(error)) from None
        if self.database_url and self.archive:
            raise SettingsError("DUES_ARCHIVE is of the embedded PostgreSQL; that of DUES_DATABASE_URL has its own.")
        _parsed("trusted_proxies", parse_networks, self.trusted_proxies, "addresses and networks such as 10.0.0.0/8")
        _parsed(
            "cors_origins", parse_origins, self.cors_origins, "origins such as https://shop.example, without a path"
        )
        if not self.docs_base.startswith(("/", "http://", "https://")) or self.docs_base.endswith("/"):
            raise SettingsError("DUES_DOCS_BASE must be a path like /docs or a URL, without a slash at its end.")
        if self.public_url and not _PUBLIC_URL.fullmatch(self.public_url):
            raise SettingsError(
                "DUES_PUBLIC_URL must be a URL like https://api.example.com/dues, without a slash at its end."
            )

    @property
    def between(self) -> Pooler:
        """What lies between dues and the database."""
        return Pooler(self.pooler, self.database_url if self.session_database_url else "")

    @property
    def docs_url(self) -> str:
        """Where error types point to."""
        return self.public_url + self.docs_base if self.docs_base.startswith("/") else self.docs_base

    @property
    def path_prefix(self) -> str:
        """What paths begin with in the eyes of clients; mostly empty."""
        return urlsplit(self.public_url).path

    @property
    def dropping(self) -> Dropping | None:
        """How files are taken from the drop folder, where there is one."""
        root, keep = Path(self.drop_folder).expanduser(), timedelta(days=self.file_days)
        return Dropping(root, self.drop_seconds, keep) if self.drop_folder else None

    @property
    def outgoing(self) -> Outgoing:
        """How webhooks go out."""
        destinations = Destinations(allow_private=self.webhook_allow_private, ports=parse_ports(self.webhook_ports))
        return Outgoing(destinations, SecretKeys.parse(self.secret_key), self.public_url, bool(self.mail_url))


def read_settings(environment: Mapping[str, str] = os.environ, **options: Any) -> Settings:
    """Settings from `options` (None: not given), then DUES_… variables, then defaults. Raises SettingsError."""
    known = {setting.name: setting for setting in fields(Settings)}
    given: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(_PREFIX) or is_of_kubernetes(variable, text):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        if name not in known:
            name = variable.removeprefix(_PREFIX).removesuffix(_FILE).lower()
            if not variable.endswith(_FILE) or name not in secret_settings():
                raise SettingsError(f"{variable} is no setting of dues. Known are: {', '.join(_variables())}.")
            try:
                text = read_secret(variable, Path(text))
            except ValueError as error:
                raise SettingsError(str(error)) from None
        if name in given:
            raise SettingsError(f"{_variable(name)} and {_variable(name)}{_FILE} are both set: give one of them.")
        given[name] = _parse(variable, text, known[name].default)
    return Settings(**given | {name: value for name, value in options.items() if value is not None})


def secret_settings() -> list[str]:
    """The settings that may be in a file."""
    return [setting.name for setting in fields(Settings) if setting.metadata["secret"]]


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


def _variables() -> list[str]:
    secrets = secret_settings()
    names = [setting.name for setting in fields(Settings)]
    return [shown for name in names for shown in (_variable(name), *([_variable(name) + _FILE] * (name in secrets)))]


def _parse(variable: str, text: str, default: object) -> object:
    if isinstance(default, Path):
        return Path(text)
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise SettingsError(f"{variable} must be true or false; it is {text!r}.")
        return text == "true"
    if not isinstance(default, int):
        return text
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{variable} must be a whole number; it is {text!r}.") from None


def _parsed(name: str, parse: Callable[[str], object], text: str, wanted: str) -> None:
    try:
        parse(text)
    except ValueError:
        raise SettingsError(f"{_PREFIX}{name.upper()} must be {wanted}, with commas between them.") from None


def _between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{_variable(name)} must be between {low} and {high}; it is {value}.")
