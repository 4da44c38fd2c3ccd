"""A URL may name several hosts, and what can be none is refused without repeating it."""

import pytest

from dues.db.address import AddressError, check_address, host_of, split_hosts


@pytest.mark.parametrize(
    ("url", "each"),
    [
        ("postgresql://me@db/dues", ["postgresql://me@db/dues"]),
        ("postgresql:///dues", ["postgresql:///dues"]),
        (
            "postgresql://me:p%40s@one:1,two:2/dues?sslmode=verify-full",
            [f"postgresql://me:p%40s@{host}/dues?sslmode=verify-full" for host in ("one:1", "two:2")],
        ),
        (
            "postgresql://me@one,two/dues?port=7",
            ["postgresql://me@one/dues?port=7", "postgresql://me@two/dues?port=7"],
        ),
        (
            "postgresql://me@/dues?host=/run/a,/run/b&port=1,2",
            ["postgresql://me@/dues?host=/run/a&port=1", "postgresql://me@/dues?host=/run/b&port=2"],
        ),
    ],
)
def test_each_host_of_a_url_is_a_url(url: str, each: list[str]) -> None:
    check_address("DUES_DATABASE_URL", url)
    assert split_hosts(url) == each


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://me:geheim@db/dues", "must begin with postgresql://"),
        ("postgresql://me:geheim@db:port/dues", "has a host, port or parameter that is none."),
        ("postgresql://me:geheim@one:1,two:x/dues", "has a host, port or parameter that is none."),
        ("postgresql://me:geheim@db/dues?sslmode", "has a host, port or parameter that is none."),
        ("postgresql://me:geheim@one,two/dues?port=1,2,3", "has a host, port or parameter that is none."),
        ("postgresql://me:gehe[im@db/dues", "has a host or port that is none."),
        ("postgresql://me:geheim@db/dues?target_session_attrs=standby", "must have read-write as its"),
        ("postgresql://me:geheim@one,two/dues?target_session_attrs=any", "must have read-write as its"),
    ],
)
def test_what_can_be_no_postgresql_is_refused_without_repeating_it(url: str, says: str) -> None:
    with pytest.raises(AddressError) as refused:
        check_address("DUES_DATABASE_URL", url)
    assert str(refused.value).startswith(f"DUES_DATABASE_URL {says}")
    assert "gehe" not in str(refused.value)


def test_a_place_is_called_by_its_hosts_and_never_by_its_login() -> None:
    assert host_of("postgresql://me:geheim@one:1,two:2/dues") == "one:1,two:2"
    assert host_of("postgresql:///dues?host=/run/a") == "/run/a"
    assert host_of("postgresql:///dues?password=geheim") == "this machine"
