"""Reads a cache of this machine in its shared memory: without a lock, without a store, without the
server. docs/format/segment.md describes the bytes.

Writes are not possible here, because Python has no compare-and-exchange. A read that needs more
than this reader knows returns ``ASK``, and the caller asks the server.
"""

from __future__ import annotations

import mmap
import os
import platform
import stat
import struct
import sys
import time
import uuid
import weakref
import zlib
from functools import lru_cache
from typing import Final, NamedTuple, Union

from .halfsiphash import keyed_hash

_MAGIC = b"undercro"
_FORMAT_VERSION = 3

_HEADER = struct.Struct("<8siiiiiIIi5diiii")
_HEADER_SIZE = 96
_CHECKSUM_OFFSET = 92
_BOOT = struct.Struct("<16sd")
_BOOT_OFFSET = 192
_NEEDS_RECOVERY_OFFSET = 264
_RECOVERY_CHECK = 2
_RESERVED_SLOTS = (384 + 100) >> 2
_RESERVED_BLOCKS = (384 + 104) >> 2
"""Words. Tails and blocks beyond these counts can be holes of the file, and on a full device the
kernel ends a process that touches one. The counts never decrease."""
_BUCKETS_OFFSET = 19264
_SLOT = struct.Struct("<Iiiii4xd")
"""hash, nextSlot, info, valueSize, firstBlock, expiresAtMs"""
_SLOT_SIZE = 64
_KEY_OFFSET = 32
_INLINE_KEY_SIZE = 32

_TAG_SIZE = 32
_MAX_TAG_SIZE = 255

_EVENT_SIZE = 16
_EVENT_STRIDE = 64

_SEEDED = 0
_LRU, _ADAPTIVE = 1, 2

_KEY_SIZE_MASK = 0xFFFF
_PINNED = 1 << 26
_KNOWN_BITS = 0x7FFFFF | _PINNED
"""``info`` has no other bits in an item that this reader understands. Of the others, one marks a value
that is being written, one an item with tags or freshness, and newer versions may have more."""

_TRIES = 8
"""A writer changes a chain for some microseconds. Beyond this the server waits, not this reader."""
_STEPS_BETWEEN_LOOKS = 64
"""Slots of a chain after which its version is looked at again: a torn chain can be a circle."""
_HITS_A_REPORT = 64
"""Of caches that evict by use, each hit of this number asks the server, which notes the use."""
_HASHES = 4096
"""Keys whose hash is remembered. A hash takes longer than all the rest of a read."""


class Ask:
    """The type of ``ASK``: the server knows, this reader does not."""


ASK: Final = Ask()


class Unreadable(Exception):
    """Why this process cannot read the memory of a cache."""


class SegmentFile(NamedTuple):
    """What the server says of the file of a cache."""

    path: str
    inode: int
    checksum: int
    """Of the header, which has a random seed: the file is the one that the server has open."""


class Segment:
    """One cache in shared memory. May be used by many threads, and after a fork."""

    def __init__(self, file: SegmentFile, max_value_size: int) -> None:
        """Maps the file. Raises Unreadable."""
        _require_machine()
        descriptor = _open(file.path)
        weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor
        found = os.fstat(descriptor)
        _require_trust(found)
        header = _Header(os.pread(descriptor, _HEADER_SIZE, 0))
        if (found.st_ino, header.checksum) != (file.inode, file.checksum):
            raise Unreadable("it is not the file that the server has open")
        if found.st_size < header.size:
            raise Unreadable(f"it has {found.st_size} bytes, its header needs {header.size}")
        self._size = header.size
        self._bytes = mmap.mmap(descriptor, header.size, prot=mmap.PROT_READ)
        self._words = memoryview(self._bytes).cast("i")
        self._require_boot(found.st_ino)
        self._hash = lru_cache(_HASHES)(keyed_hash(header.seed_low, header.seed_high))
        self._max_items = header.max_items
        self._max_key_size = header.max_key_size
        self._max_value_size = min(header.max_value_size, max_value_size)
        self._bucket_mask = header.bucket_count - 1
        self._slots_offset = header.slots_offset
        self._tails_offset = header.tails_offset
        self._tail_stride = header.tail_stride
        self._blocks_offset = header.blocks_offset
        self._block_stride = header.block_stride
        self._notes_uses = header.eviction in (_LRU, _ADAPTIVE)
        self._hits = 0

    def is_current(self) -> bool:
        """Whether the cache is in this file still: a cache that is destroyed is in none."""
        found = os.fstat(self._descriptor)
        return found.st_nlink > 0 and found.st_size >= self._size

    def get(self, key: bytes) -> Union[bytes, None, Ask]:
        """Returns the value, None for a miss, or ``ASK``."""
        if len(key) > self._max_key_size:
            return None
        for _ in range(_TRIES):
            found = self._read(key)
            if found is not _CHANGED:
                break
        else:
            return ASK
        if self._notes_uses and isinstance(found, bytes):
            self._hits += 1
            if self._hits % _HITS_A_REPORT == 0:
                return ASK
        return found

    def _read(self, key: bytes) -> Union[bytes, None, Ask]:
        """One attempt. Everything that is read may be torn until the version is the same again.

        The processor keeps the order of these loads, and Python makes each one where it stands.
        """
        words, data = self._words, self._bytes
        hash_of_key = self._hash(key)
        key_size = len(key)
        bucket = (_BUCKETS_OFFSET >> 2) + ((hash_of_key & self._bucket_mask) << 1)
        version = words[bucket]
        if version & 1:
            return _CHANGED
        slot = words[bucket + 1]
        steps = 0
        while slot != 0:
            if not 0 < slot <= self._max_items or steps > self._max_items:
                return ASK if words[bucket] == version else _CHANGED
            at = self._slots_offset + (slot - 1) * _SLOT_SIZE
            slot_hash, next_slot, info, size, block, expires_at_ms = _SLOT.unpack_from(data, at)
            if (
                slot_hash == hash_of_key
                and info & _KEY_SIZE_MASK == key_size
                and self._key_at(at, slot, key_size) == key
            ):
                break
            slot = next_slot
            steps += 1
            if steps % _STEPS_BETWEEN_LOOKS == 0 and words[bucket] != version:
                return _CHANGED
        else:
            return None if words[bucket] == version else _CHANGED
        start = self._blocks_offset + block * self._block_stride
        reserved_end = self._blocks_offset + words[_RESERVED_BLOCKS] * self._block_stride
        value: Union[bytes, None, Ask] = ASK
        if expires_at_ms != 0 and expires_at_ms <= time.time_ns() // 1_000_000:
            value = None
        elif (
            info & ~_KNOWN_BITS == 0
            and 0 <= size <= self._max_value_size
            and self._blocks_offset <= start <= min(reserved_end, self._size) - size
        ):
            value = data[start : start + size]
        return value if words[bucket] == version else _CHANGED

    def _key_at(self, at: int, slot: int, size: int) -> bytes:
        """A key whose tail is not reserved is torn, and equals no other."""
        start = at + _KEY_OFFSET
        if size <= _INLINE_KEY_SIZE or slot > self._words[_RESERVED_SLOTS]:
            return self._bytes[start : start + min(size, _INLINE_KEY_SIZE)]
        tail = self._tails_offset + (slot - 1) * self._tail_stride
        first = self._bytes[start : start + _INLINE_KEY_SIZE]
        return first + self._bytes[tail : tail + size - _INLINE_KEY_SIZE]

    def _require_boot(self, inode: int) -> None:
        """Since a process has opened the file in this boot, each item is whole or marked.

        Before, the device can have lost some of its pages with the machine.
        """
        boot_id, boot_inode = _BOOT.unpack_from(self._bytes, _BOOT_OFFSET)
        needs_recovery = self._words[_NEEDS_RECOVERY_OFFSET >> 2]
        if boot_id != _boot_id() or boot_inode != inode or needs_recovery == _RECOVERY_CHECK:
            raise Unreadable("its items have not been checked since the machine started")


_CHANGED: Final = Ask()
"""A writer changed the chain meanwhile: try again."""


class _Header:
    """The header and the layout that follows from it. Raises Unreadable for any other format."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEADER_SIZE or data[:8] != _MAGIC:
            raise Unreadable("it is not a segment of undercroft")
        (
            _,
            version,
            hash_kind,
            self.eviction,
            is_bitmap,
            self.max_key_size,
            self.seed_low,
            self.seed_high,
            _,
            max_items,
            block_size,
            block_count,
            bucket_count,
            size,
            has_checksums,
            max_tags,
            event_places,
            self.checksum,
        ) = _HEADER.unpack(data)
        if version != _FORMAT_VERSION:
            raise Unreadable(
                f"it has segment format {version}, and this package reads {_FORMAT_VERSION}; "
                "install the package of the server's version"
            )
        if zlib.crc32(data[:_CHECKSUM_OFFSET]) != self.checksum & 0xFFFFFFFF:
            raise Unreadable("its header is damaged")
        if hash_kind != _SEEDED:
            raise Unreadable("its hash is one of uWSGI's, and this package has the seeded one only")
        self.max_items, self.bucket_count = int(max_items), int(bucket_count)
        self.size, self.block_stride = int(size), _spread(_round_up(int(block_size), 8))
        self.max_value_size = int(block_size) * (int(block_count) if is_bitmap else 1)
        self._lay_out(int(block_count), bool(is_bitmap), bool(has_checksums), max_tags, event_places)

    def _lay_out(
        self,
        block_count: int,
        is_bitmap: bool,
        has_checksums: bool,
        max_tags: int,
        event_places: int,
    ) -> None:
        items = self.max_items
        self.slots_offset = _round_up(_BUCKETS_OFFSET + self.bucket_count * 8, 64)
        self.tails_offset = self.slots_offset + items * _SLOT_SIZE
        tail_size = max(0, self.max_key_size - _INLINE_KEY_SIZE)
        self.tail_stride = _spread(_round_up(tail_size, 8))
        end = self.tails_offset + items * self.tail_stride
        if self.eviction == _LRU:
            end = _round_up(end + items * 8, 64) + (items + 3) * 16
        else:
            end = _round_up(end, 64)
        if self.eviction == _ADAPTIVE:
            end += 64 + _round_up(items, 8) + (items + 2) * 8
        end = _round_up(end, 64)
        if self.eviction == _ADAPTIVE:
            end += -(-items // 4) * 32
        if has_checksums:
            end += items * 4
        end = _round_up(end, 64) + _round_up(max_tags, 8) * _TAG_SIZE
        if event_places > 0:
            longest = _EVENT_SIZE + max(self.max_key_size, _MAX_TAG_SIZE)
            end += (1 + event_places - -longest // _EVENT_STRIDE) * _EVENT_STRIDE
        if is_bitmap:
            end += -(-block_count // 32) * 4
        self.blocks_offset = _round_up(end, 4096)
        size = _round_up(self.blocks_offset + block_count * self.block_stride, 4096)
        if size != self.size:
            raise Unreadable(f"its parts need {size} bytes, and its header says {self.size}")


def _require_machine() -> None:
    """Reads without a lock need a processor that keeps the order of loads: Python has no fence."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise Unreadable(f"{sys.platform} on {platform.machine()} is not Linux on x86-64")


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"it cannot be opened ({error.strerror})") from error


def _require_trust(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable("it is not a regular file")
    if found.st_uid not in (0, os.geteuid()):
        raise Unreadable(f"it belongs to user {found.st_uid}")
    if found.st_mode & stat.S_IWOTH:
        raise Unreadable("everybody may write to it")


def _boot_id() -> bytes:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return uuid.UUID(file.read().strip()).bytes
    except (OSError, ValueError) as error:
        raise Unreadable("the boot id of the machine is unknown") from error


def _spread(stride: int) -> int:
    """A stride of 1024 or more is an odd number of cache lines."""
    return stride if stride < 1024 else (_round_up(stride, 64) // 64 | 1) * 64


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
