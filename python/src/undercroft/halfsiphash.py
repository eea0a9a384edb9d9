"""HalfSipHash-1-3 with 32 bits of result, as the seeded caches of undercroft use it for keys.

https://github.com/veorq/SipHash
"""

from __future__ import annotations

import struct
from typing import Callable

_MASK = 0xFFFFFFFF


def keyed_hash(seed_low: int, seed_high: int) -> Callable[[bytes], int]:
    """Returns the hash whose key is the two words of the seed, each from 0 to 2**32 - 1."""
    first2, first3 = seed_low ^ 0x6C796765, seed_high ^ 0x74656462
    words = [struct.Struct(f"<{count}I").unpack_from for count in range(17)]

    def hash_of(key: bytes) -> int:
        """The rounds are written out: with functions for them, a hash takes twice the time."""
        size = len(key)
        count = size >> 2
        v0, v1, v2, v3 = seed_low, seed_high, first2, first3
        unpack = words[count] if count <= 16 else struct.Struct(f"<{count}I").unpack_from
        for word in unpack(key):
            v3 ^= word
            v0 = v0 + v1 & _MASK
            v1 = (v1 << 5 & _MASK | v1 >> 27) ^ v0
            v0 = v0 << 16 & _MASK | v0 >> 16
            v2 = v2 + v3 & _MASK
            v3 = (v3 << 8 & _MASK | v3 >> 24) ^ v2
            v0 = v0 + v3 & _MASK
            v3 = (v3 << 7 & _MASK | v3 >> 25) ^ v0
            v2 = v2 + v1 & _MASK
            v1 = (v1 << 13 & _MASK | v1 >> 19) ^ v2
            v2 = v2 << 16 & _MASK | v2 >> 16
            v0 ^= word
        last = int.from_bytes(key[count << 2 :], "little") | (size & 255) << 24
        v3 ^= last
        for end in _ENDS:
            v0 = v0 + v1 & _MASK
            v1 = (v1 << 5 & _MASK | v1 >> 27) ^ v0
            v0 = v0 << 16 & _MASK | v0 >> 16
            v2 = v2 + v3 & _MASK
            v3 = (v3 << 8 & _MASK | v3 >> 24) ^ v2
            v0 = v0 + v3 & _MASK
            v3 = (v3 << 7 & _MASK | v3 >> 25) ^ v0
            v2 = v2 + v1 & _MASK
            v1 = (v1 << 13 & _MASK | v1 >> 19) ^ v2
            v2 = v2 << 16 & _MASK | v2 >> 16
            if end:
                v0 ^= last
                v2 ^= end
        return v1 ^ v3

    return hash_of


_ENDS = (0xFF, 0, 0, 0)
"""The round that ends the last word, then the three rounds of the end."""
