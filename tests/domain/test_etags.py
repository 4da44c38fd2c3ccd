"""Entity tags: they are compared by what they say of the object, whatever a proxy made of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.etags import etag, names, refuse_stale

SUFFIXES = ["-gzip", "--gzip", ";gzip", "/gzip", "-br", "--br", ";br", "-deflate", "-zstd"]

tags = st.binary(max_size=30).map(etag)


def as_proxies_have_it(tag: str, suffix: str, within: bool, weak: bool) -> str:
    """A tag after it went through a proxy that compresses."""
    made = f'{tag[:-1]}{suffix}"' if within else f"{tag}{suffix}"
    return f"W/{made}" if weak else made


@given(tags, st.sampled_from(["", *SUFFIXES]), st.booleans(), st.booleans(), st.lists(tags, max_size=3), st.booleans())
def test_what_proxies_add_does_not_count(
    tag: str, suffix: str, within: bool, weak: bool, others: list[str], first: bool
) -> None:
    sent = as_proxies_have_it(tag, suffix, within, weak)
    condition = ", ".join([sent, *others] if first else [*others, sent])
    assert names(condition, tag)
    assert refuse_stale(condition, lambda: b"") is None or tag != etag(b"")


@given(tags, tags, st.sampled_from(["", *SUFFIXES]), st.booleans(), st.booleans())
def test_another_tag_stays_another(tag: str, other: str, suffix: str, within: bool, weak: bool) -> None:
    assert names(as_proxies_have_it(other, suffix, within, weak), tag) == (tag == other)


@pytest.mark.parametrize("added", ["-", "gzip", "-gzi", "-gzip-gzip-x", "x", "-2", ';gzip"x', "-GZIP "])
def test_nothing_else_that_is_added_is_overlooked(added: str) -> None:
    tag = etag(b"x")
    assert not names(f'{tag[:-1]}{added}"', tag)
    assert not names(tag[:-1] + added, tag)


def test_a_tag_that_ends_like_a_suffix_is_itself() -> None:
    tag = '"AAAAAAAAAAAAAAA-gzip"'
    assert names(tag, tag)
    assert names('"AAAAAAAAAAAAAAA-gzip-gzip"', tag)
    assert not names('"AAAAAAAAAAAAAAA"', tag)
