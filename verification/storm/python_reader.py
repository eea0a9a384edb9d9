"""A storm worker that reads the shared memory from Python, as readers in Node.js do.

It gets its task as a line of JSON on stdin, and reads until it is killed or stdin ends. A fault goes
to stderr, and so does the end of the process. Its reads are counted where the operation log of a
worker counts its operations.
"""

from __future__ import annotations

import json
import os
import random
import select
import struct
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NamedTuple, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "src"))

from undercroft.segment import Ask, Segment, SegmentFile  # noqa: E402

READS_A_TURN = 50
STEP_PAUSES = 0.1
"""The share of the lines of a read before which other processes may run. A read takes microseconds,
so without pauses hardly any change would fall into one."""
PAUSE_SECONDS = 0.004
OPERATIONS_OFFSET = 8
LONGEST_KEY = 50
OVER_SOON = "over soon"


class Stamp(NamedTuple):
    """What a value of patterns.ts says about itself."""

    key: str
    version: int
    ends_at_ms: float


def main() -> None:
    task = json.loads(sys.stdin.readline())
    segment = Segment(SegmentFile(task["path"], task["inode"], task["checksum"]), 1 << 20)
    log = os.open(task["logPath"], os.O_RDWR)
    chance = random.Random(task["seed"])
    pause_within_reads(chance)
    seen: dict[str, int] = {}
    (count,) = struct.unpack("<d", os.pread(log, 8, OPERATIONS_OFFSET) or bytes(8))
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
        for _ in range(READS_A_TURN):
            key = key_of(chance.choice(task["names"]), chance.randrange(task["keyCount"]))
            count += read(segment, key, seen)
        os.pwrite(log, struct.pack("<d", count), OPERATIONS_OFFSET)


def pause_within_reads(chance: random.Random) -> None:
    code = Segment._read.__code__

    def on_line(frame: FrameType, event: str, argument: object) -> object:
        if event == "line" and chance.random() < STEP_PAUSES:
            time.sleep(0.0001)
        return on_line

    def on_call(frame: FrameType, event: str, argument: object) -> object:
        return on_line if frame.f_code is code else None

    sys.settrace(on_call)


def key_of(name: str, number: int) -> str:
    """As keyOf of logged-calls.ts."""
    short = f"{name}.{number}"
    return short.ljust(LONGEST_KEY, ".") if number % 3 == 0 else short


def read(segment: Segment, key: str, seen: dict[str, int]) -> bool:
    """Returns whether the memory answered. A chain that a dead writer holds does not."""
    asked_at_ms = time.time_ns() // 1_000_000
    value = segment.get(key.encode("ascii"))
    if isinstance(value, Ask):
        return False
    if value is None or value == OVER_SOON.encode("ascii"):
        return True
    stamp = stamp_of(value)
    if stamp is None or stamp.key != key:
        raise SystemExit(f"{key} is torn or of another key: {value[:200]!r}")
    if 0 < stamp.ends_at_ms <= asked_at_ms:
        raise SystemExit(f"{key} ended at {stamp.ends_at_ms} and was there at {asked_at_ms}")
    if stamp.version < seen.get(key, 0):
        raise SystemExit(f"{key} is of version {stamp.version} again after {seen[key]}")
    seen[key] = stamp.version
    return True


def stamp_of(value: bytes) -> Optional[Stamp]:
    """As readValue of patterns.ts; None: damaged."""
    try:
        text = value.decode("utf-8")
        if text.startswith("{"):
            text = json.loads(text)["text"]
        checksum, _, body = text.partition("|")
        if int(checksum) != fnv_1a(body):
            return None
        key, version, ends_at_ms = body.split("|")[:3]
        return Stamp(key, int(version), float(ends_at_ms))
    except (ValueError, KeyError, TypeError):
        return None


def fnv_1a(text: str) -> int:
    made = 0x811C9DC5
    for character in text:
        made = (made ^ ord(character)) * 0x01000193 & 0xFFFFFFFF
    return made


main()
