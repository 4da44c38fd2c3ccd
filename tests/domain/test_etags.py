"""A tag is known again whatever a proxy has made of it."""

import pytest

from dues.domain.etags import etag, names

TAG = '"Zm9vYmFyYmF6cXV4Zm9v"'


@pytest.mark.parametrize(
    "condition",
    [
        TAG,
        f"W/{TAG}",
        "*",
        f'"other", {TAG}',
        TAG[:-1] + '-gzip"',
        TAG[:-1] + '--gzip"',
        TAG[:-1] + ';gzip"',
        TAG[:-1] + '-br"',
        "W/" + TAG[:-1] + '-zstd"',
    ],
)
def test_a_tag_is_named_whatever_a_proxy_added_to_it(condition: str) -> None:
    assert names(condition, TAG)


@pytest.mark.parametrize("condition", ["", '"other"', TAG[:-1] + '-x"', TAG[:-1] + "-gzip", TAG[:-2] + '"'])
def test_another_tag_is_another(condition: str) -> None:
    assert not names(condition, TAG)


def test_a_tag_that_looks_compressed_names_itself_alone() -> None:
    looks = '"Zm9vYmFyYmF6cXV4Z-br"'
    assert names(looks, looks)
    assert names(looks[:-1] + '-gzip"', looks)
    assert etag(b"a") != etag(b"b")
