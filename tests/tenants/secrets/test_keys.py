"""Secrets are encrypted with the first key, and decrypted with whichever they were encrypted with."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from dues.tenants.secrets.keys import NO_KEYS, InvalidKeyError, SecretKeys, UnreadableSecretError

OLD, NEW = bytes(range(32)), b"\xff" * 32
SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def keys(*those: bytes) -> SecretKeys:
    return SecretKeys.parse(",".join(b64encode(one).decode() for one in those))


def test_what_is_stored_shows_nothing_and_differs_each_time() -> None:
    stored = [keys(NEW).encrypt("whe_1", SECRET) for _ in range(2)]
    assert stored[0] != stored[1]
    assert not any("whsec" in one or SECRET[6:] in one for one in stored)
    assert [keys(NEW).decrypt("whe_1", one) for one in stored] == [SECRET, SECRET]


def test_what_was_stored_before_there_was_a_key_is_read() -> None:
    assert NO_KEYS.encrypt("whe_1", SECRET) == SECRET
    assert keys(NEW).decrypt("whe_1", SECRET) == SECRET
    assert not keys(NEW).is_current(SECRET)
    assert NO_KEYS.is_current(SECRET)


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old = keys(OLD).encrypt("whe_1", SECRET)
    both = keys(NEW, OLD)
    assert both.decrypt("whe_1", old) == SECRET
    assert not both.is_current(old)
    new = both.encrypt("whe_1", SECRET)
    assert both.is_current(new)
    assert keys(NEW).decrypt("whe_1", new) == SECRET


def test_a_key_that_is_missing_is_said_by_its_name() -> None:
    old = keys(OLD).encrypt("whe_1", SECRET)
    for those in (keys(NEW), NO_KEYS):
        with pytest.raises(UnreadableSecretError, match=f"whe_1 .* key {old.split(':')[1]}, which DUES_SECRET_KEY"):
            those.decrypt("whe_1", old)


@pytest.mark.parametrize(
    "alter", [lambda one: one[:-6] + "AAAA" + one[-2:], lambda one: one[:20], lambda one: one + "!"]
)
def test_what_was_altered_is_no_secret(alter: object) -> None:
    stored = keys(NEW).encrypt("whe_1", SECRET)
    assert callable(alter)
    with pytest.raises(UnreadableSecretError, match="was altered"):
        keys(NEW).decrypt("whe_1", alter(stored))


def test_anothers_secret_is_none_of_ones_own() -> None:
    with pytest.raises(UnreadableSecretError, match="another's"):
        keys(NEW).decrypt("whe_2", keys(NEW).encrypt("whe_1", SECRET))


def test_both_alphabets_of_base64_are_read() -> None:
    one = keys(NEW).encrypt("whe_1", SECRET)
    for text in (urlsafe_b64encode(NEW).decode(), b64encode(NEW).decode().rstrip("="), f" {b64encode(NEW).decode()} "):
        assert SecretKeys.parse(text).decrypt("whe_1", one) == SECRET


@pytest.mark.parametrize(
    "text", ["geheim", "a,b", b64encode(NEW[:16]).decode(), f"{b64encode(NEW).decode()},", "ö" * 44]
)
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidKeyError, match="32 bytes in base64") as refused:
        SecretKeys.parse(text)
    assert text not in str(refused.value)
