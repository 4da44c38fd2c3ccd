"""Encrypts webhook secrets, and decrypts them: they must be known to sign, so no hash of them would do.

A stored secret is `enc1:<name of the key>:<base64 of nonce and ciphertext>`, by AES-256-GCM, which proves that nobody
altered it. It is bound to its endpoint: put into another's row, it is unreadable there. What begins otherwise was
stored as it is.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
"""96 bits, at random: enough for 2³² secrets under one key."""

_ENCRYPTED: Final = "enc1"


class InvalidKeyError(ValueError):
    """It is no key. The message says what one looks like, and not what was given."""


class UnreadableSecretError(Exception):
    """A stored secret cannot be decrypted. The message says why, and what to do."""


class SecretKeys:
    """The keys of DUES_SECRET_KEY; without any, secrets are stored as they are."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """`keys`: of 32 bytes each. The first encrypts, all decrypt."""
        self._keys = {_name_of(key): _cipher(key) for key in keys}
        self._newest = _name_of(keys[0]) if keys else None

    @classmethod
    def parse(cls, text: str) -> "SecretKeys":
        """Keys in base64 with commas between them. Raises InvalidKeyError."""
        return cls([_decode(one) for one in text.split(",")] if text else [])

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._newest is not None

    def encrypt(self, owner: str, secret: str) -> str:
        """A secret of an endpoint, or an answer with one that is kept under a key, as it is to be stored.

        `owner`: the id of the endpoint, or the key.
        """
        if self._newest is None:
            return secret
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._keys[self._newest].encrypt(nonce, secret.encode(), owner.encode())
        return f"{_ENCRYPTED}:{self._newest}:{b64encode(sealed).decode()}"

    def decrypt(self, owner: str, stored: str) -> str:
        """The secret of `owner` that is stored so. Raises UnreadableSecretError."""
        if not stored.startswith(f"{_ENCRYPTED}:"):
            return stored
        _, name, sealed = stored.split(":", 2)
        if name not in self._keys:
            raise UnreadableSecretError(
                f"The secret of {owner} was encrypted with the key {name}, which DUES_SECRET_KEY does not have. "
                "Add that key, or rotate the secret."
            )
        try:
            data = b64decode(sealed, validate=True)
            return self._keys[name].decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], owner.encode()).decode()
        except Exception:  # the library's InvalidTag, or what is no base64 of anything
            raise UnreadableSecretError(
                f"The secret of {owner} was altered in the database, or is another's. Rotate it."
            ) from None

    def is_current(self, stored: str) -> bool:
        """Whether it is stored as it would be now: encrypted with the first key."""
        return self._newest is None or stored.startswith(f"{_ENCRYPTED}:{self._newest}:")


NO_KEYS: Final = SecretKeys()


def _name_of(key: bytes) -> str:
    """What a key is called where it was used: eight digits of a hash, which tell nothing of it."""
    return sha256(b"dues secret key" + key).hexdigest()[:8]


def _cipher(key: bytes) -> "AESGCM":
    # Here, and not above: without a key nobody needs it, and it takes as long to import as all the rest of a command.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _decode(text: str) -> bytes:
    """A key, in either alphabet of base64."""
    plain = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise InvalidKeyError("each key must be 32 bytes in base64, as `openssl rand -base64 32` prints them.")
    return key
