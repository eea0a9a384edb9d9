"""Signatures on values, so that only those who have the key can have one deserialized.

A signature is the HMAC-SHA256 of the item's key and the value. It shows who stored the value and
for which item; it hides nothing, and a value that was stored before can be put back.
"""

from __future__ import annotations

import hmac
from typing import Optional, Sequence

SIGNATURE_SIZE = 32
"""Bytes in front of a signed value."""


class Signer:
    """Signs with the first of the secrets, accepts signatures of each."""

    def __init__(self, secrets: Sequence[bytes], purpose: str) -> None:
        """secrets: never used themselves; a key for this purpose alone is derived from each
        purpose: what one purpose has signed is worth nothing for another
        """
        label = b"undercroft signed values, version 1\0" + purpose.encode("utf-8")
        self._keys = [hmac.new(secret, label, "sha256").digest() for secret in secrets]

    def sign(self, name: bytes, value: bytes) -> bytes:
        """The value behind its signature, for the item of this name."""
        return _signature(self._keys[0], name, value) + value

    def open(self, name: bytes, signed: bytes) -> Optional[bytes]:
        """The value; None: not signed for the item of this name with one of the secrets."""
        if len(signed) < SIGNATURE_SIZE:
            return None
        signature, value = signed[:SIGNATURE_SIZE], signed[SIGNATURE_SIZE:]
        for key in self._keys:
            if hmac.compare_digest(_signature(key, name, value), signature):
                return value
        return None


def _signature(key: bytes, name: bytes, value: bytes) -> bytes:
    """The size of the name comes first, so that no byte can change from the name to the value."""
    made = hmac.new(key, len(name).to_bytes(8, "little") + name, "sha256")
    made.update(value)
    return made.digest()
