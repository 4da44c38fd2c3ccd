"""What can be seen of a URL without looking anything up is refused at once, with a sentence."""

import pytest

from dues.webhooks.addresses import refuse_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/webhooks",
        "https://example.com",
        "https://example.com:8443/a/b?c=d&e=%20",
        "https://hooks.example.co.uk./",
        "https://xn--mnchen-3ya.example/",
        "https://münchen.example/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:444/",
        "https://localhost.example.com/",
        "https://notlocalhost/",
    ],
)
def test_a_url_that_leads_to_the_internet_is_accepted(url: str) -> None:
    assert refuse_url(url, live=True, allow_private=False) is None


def test_only_live_mode_needs_https() -> None:
    assert refuse_url("http://example.com/", live=False, allow_private=False) is None
    assert refuse_url("http://example.com/", live=True, allow_private=True) == "must begin with https:// in live mode."


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https",
        "https:",
        "https://",
        "https:///webhooks",
        "https://:443/",
        "//example.com/",
        "example.com/webhooks",
        "/webhooks",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "https://example.com:99999/",
        "https://example.com:-1/",
        "https://example.com:http/",
        "https://[::1/",
        "https://[nonsense]/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https://127.0.0.1:80@example.com/",
        "https://example.com/#there",
        "https://example.com/ webhooks",
        " https://example.com/",
        "https://example.com/\n",
        "https://exam\tple.com/",
        "https://example.com/\u2003",
        "https://example.com/\0",
        "https://exam\0ple.com/",
        "https://exa<mple.com/",
        "https://-/",
        "https://%31%32%37.0.0.1/",
        "https://localhost%00/",
        "https://..../",
    ],
)
def test_what_is_no_such_url_is_refused_with_a_sentence(url: str) -> None:
    refusal = refuse_url(url, live=False, allow_private=False)
    assert refusal
    assert refusal.startswith(("must ", "leads to "))
    assert refusal.endswith((".", ".)"))
