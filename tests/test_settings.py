"""Settings are read once, and refused loudly where they make no sense."""

from pathlib import Path

import pytest

from dues.settings import Settings, SettingsError, read_settings, secret_settings


def test_what_is_not_set_has_its_default() -> None:
    assert read_settings({}) == Settings()


def test_options_win_over_variables_and_variables_over_defaults() -> None:
    settings = read_settings({"DUES_PORT": "1", "DUES_HOST": "::1", "DUES_DATA": "/x"}, port=2, host=None)
    assert (settings.port, settings.host, settings.data) == (2, "::1", Path("/x"))


def test_other_peoples_variables_are_none_of_ours() -> None:
    assert read_settings({"PORT": "nonsense", "PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("DUES_PORT", "http", "must be a whole number; it is 'http'"),
        ("DUES_PORT", "70000", "must be between 0 and 65535"),
        ("DUES_WORKERS", "0", "must be between 1 and 64"),
        ("DUES_DATABASE_CONNECTIONS", "1", "must be between 4 and 500"),
        ("DUES_IDEMPOTENCY_HOURS", "0", "must be between 1 and"),
        ("DUES_FILE_DAYS", "0", "must be between 1 and 3650"),
        ("DUES_DROP_SECONDS", "-1", "must be between 0 and 3600"),
        ("DUES_DATABASE_URL", "mysql://x", "must begin with postgresql://"),
        ("DUES_WEBHOOK_PORTS", "", "must be ports from 1 to 65535"),
        ("DUES_WEBHOOK_PORTS", "443,https", "must be ports from 1 to 65535"),
        ("DUES_WEBHOOK_PORTS", "0-80", "must be ports from 1 to 65535"),
        ("DUES_WEBHOOK_PORTS", "90-80", "must be ports from 1 to 65535"),
        ("DUES_WEBHOOK_PORTS", "443,65536", "must be ports from 1 to 65535"),
        ("DUES_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("DUES_DOCS_BASE", "docs/", "must be a path like /docs or a URL"),
        ("DUES_TRUSTED_PROXIES", "10.0.0.1/8", "must be addresses and networks such as 10.0.0.0/8"),
        ("DUES_CORS_ORIGINS", "*", "must be origins such as https://shop.example"),
        ("DUES_SECRET_KEY", "geheim", "each key must be 32 bytes in base64, as `openssl rand -base64 32` prints them"),
        ("DUES_PORT", "tcp://10.0.0.1", "must be a whole number"),
        ("DUES_PORT_FILE", "/etc/port", "is no setting of dues"),
        ("DUES_PROT", "8080", "is no setting of dues. Known are: DUES_HOST"),
    ],
)
def test_nonsense_is_named_and_told_what_it_may_be(variable: str, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({variable: text})
    assert variable in str(caught.value)
    assert says in str(caught.value)


def test_errors_are_explained_at_the_public_url_unless_somewhere_else_is_named() -> None:
    def docs_url(**given: str) -> str:
        return read_settings({f"DUES_{name.upper()}": text for name, text in given.items()}).docs_url

    assert docs_url() == "/docs"
    assert docs_url(public_url="https://api.example.com/dues") == "https://api.example.com/dues/docs"
    assert docs_url(public_url="https://api.example.com", docs_base="/help") == "https://api.example.com/help"
    assert docs_url(public_url="https://a.example", docs_base="https://b.example/docs") == "https://b.example/docs"
    assert read_settings({"DUES_PUBLIC_URL": "https://api.example.com/dues"}).path_prefix == "/dues"


@pytest.mark.parametrize(
    "url", ["api.example.com", "https://a/", "https://a/b/", "https://a/$(id)", "https://a b", "ftp://a"]
)
def test_a_public_url_is_one_that_can_be_put_into_a_shell(url: str) -> None:
    with pytest.raises(SettingsError, match="DUES_PUBLIC_URL must be a URL like"):
        read_settings({"DUES_PUBLIC_URL": url})


# Secrets in files -------------------------------------------------------------------------------------------------

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
SECRETS = {
    "database_url": "postgresql://me:geheim@db/dues",
    "session_database_url": "postgresql://me:geheim@db/dues",
    "mail_url": "smtps://me:geheim@mail.example.com",
    "secret_key": KEY,
    "listen_secret": "whsec_AAAA",
}


def test_every_secret_is_one_that_is_known_here() -> None:
    assert secret_settings() == list(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_be_in_a_file_whose_last_line_ends(name: str, tmp_path: Path) -> None:
    for end in ("", "\n", "\r\n"):
        (tmp_path / name).write_text(SECRETS[name] + end, newline="")
        variables = {f"DUES_{name.upper()}_FILE": str(tmp_path / name)}
        if name == "session_database_url":  # which makes sense with a pooler alone
            variables |= {"DUES_POOLER": "transaction", "DUES_DATABASE_URL": "postgresql://me@pooler/dues"}
        if name == "mail_url":
            variables |= {"DUES_MAIL_FROM": "billing@example.com"}
        settings = read_settings(variables)
        assert getattr(settings, name) == SECRETS[name]
        assert SECRETS[name] not in repr(settings)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_given_in_one_way_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SECRETS[name])
    variable = f"DUES_{name.upper()}"
    environment = {variable: SECRETS[name], f"{variable}_FILE": str(tmp_path / name)}
    for given in (environment, dict(reversed(environment.items()))):
        with pytest.raises(SettingsError, match=f"{variable} and {variable}_FILE are both set"):
            read_settings(given)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        (..., "cannot be read: Is a directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is no text"),
    ],
)
def test_a_file_that_gives_no_secret_is_named_with_its_setting(content: object, says: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if content is ...:
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_settings({"DUES_SECRET_KEY_FILE": str(path)})
    assert str(caught.value) == f"DUES_SECRET_KEY_FILE: '{path}' {says}."


def test_what_kubernetes_sets_for_a_service_called_dues_is_not_ours() -> None:
    links = {
        "DUES_SERVICE_HOST": "10.0.0.1",
        "DUES_SERVICE_PORT": "80",
        "DUES_SERVICE_PORT_HTTP_METRICS": "9090",
        "DUES_PORT": "tcp://10.0.0.1:80",
        "DUES_PORT_80_TCP": "tcp://10.0.0.1:80",
        "DUES_PORT_80_TCP_PROTO": "tcp",
        "DUES_PORT_80_TCP_PORT": "80",
        "DUES_PORT_80_TCP_ADDR": "10.0.0.1",
        "DUES_PORT_53_UDP": "udp://[fd00::1]:53",
        "DUES_BACK_OFFICE_SERVICE_HOST": "10.0.0.2",
        "DUES_BACK_OFFICE_SERVICE_PORT": "80",
        "DUES_BACK_OFFICE_PORT": "tcp://[fd00::1]:80",
        "DUES_BACK_OFFICE_PORT_80_TCP_ADDR": "fd00::1",
    }
    assert read_settings(links) == Settings()
    assert read_settings(links, port=9000).port == 9000


# The database -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"POOLER": "statement"}, "DUES_POOLER must be one of none, session, transaction, transaction-prepared."),
        ({"POOLER": "session"}, "DUES_POOLER is for a pooler at DUES_DATABASE_URL: set that too."),
        (
            {"POOLER": "transaction", "DATABASE_URL": "postgresql://me:geheim@pooler/dues"},
            "With DUES_POOLER=transaction, set DUES_SESSION_DATABASE_URL to the same database past the pooler.",
        ),
        (
            {
                "DATABASE_URL": "postgresql://me:geheim@db/dues",
                "SESSION_DATABASE_URL": "postgresql://me:geheim@db/dues",
            },
            "DUES_SESSION_DATABASE_URL is for where DUES_DATABASE_URL is a pooler: set DUES_POOLER too.",
        ),
        (
            {"DATABASE_URL": "postgresql://me:geheim@one:1,two:x/dues"},
            "DUES_DATABASE_URL has a host, port or parameter",
        ),
    ],
)
def test_what_is_said_of_the_database_fits_together(variables: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({f"DUES_{name}": text for name, text in variables.items()})
    assert str(refused.value).startswith(says)
    assert "geheim" not in str(refused.value)


def test_several_hosts_may_be_named() -> None:
    read_settings({"DUES_DATABASE_URL": "postgresql://me@one:5432,two:5433/dues?sslmode=verify-full"})
