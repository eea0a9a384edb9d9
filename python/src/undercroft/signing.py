"""Signatures on values, so that a process loads only values that a holder of the secret stored.

A signature is the HMAC-SHA256 of the item's key and the value. It does not hide the value, and it
does not expire: an old value of the same item can be put back.
"""

from __future__ import annotations

import hmac
from typing import Optional, Sequence

SIGNATURE_SIZE = 32
"""Bytes in front of a signed value."""


class Signer:
    """Signs with the first of the secrets, accepts signatures of each."""

    def __init__(self, secrets: Sequence[bytes], purpose: str) -> None:
        """secrets: a key for this purpose is derived from each of them
        purpose: a signature for one purpose is not valid for another
        """
        label = b"undercroft signed values, version 1\0" + purpose.encode("utf-8")
        self._keys = [hmac.new(secret, label, "sha256").digest() for secret in secrets]

    def sign(self, name: bytes, value: bytes) -> bytes:
        """Returns the signature for the item of this name, followed by the value."""
        return _signature(self._keys[0], name, value) + value

    def open(self, name: bytes, signed: bytes) -> Optional[bytes]:
        """Returns the value, or None if it is not signed for this item with one of the secrets."""
        if len(signed) < SIGNATURE_SIZE:
            return None
        signature, value = signed[:SIGNATURE_SIZE], signed[SIGNATURE_SIZE:]
        for key in self._keys:
            if hmac.compare_digest(_signature(key, name, value), signature):
                return value
        return None


def _signature(key: bytes, name: bytes, value: bytes) -> bytes:
    """The size of the name comes first, so that no byte of the name can pass for one of the value."""
    made = hmac.new(key, len(name).to_bytes(8, "little") + name, "sha256")
    made.update(value)
    return made.digest()
