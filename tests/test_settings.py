"""Settings are read once, and refused loudly where they make no sense."""

from pathlib import Path

import pytest

from dues.settings import Settings, SettingsError, read_settings


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
