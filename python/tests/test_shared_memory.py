"""Reads that go to the shared memory of a cache, next to the same reads at its server."""

import os
import statistics
import struct
import sys
import threading
import time
import unittest
import zlib

from support import KINDS, SECRET, SECRET_TCP, TCP, UNIX, ClientCase, tell
from undercroft import NEVER, encode_counter
from undercroft.segment import Segment, SegmentFile, Unreadable

FORMAT_VERSION = 8
HEADER_CHECKSUM = 92
BOOT_ID = 192
BUCKETS = 19264
SLOT_INFO = 8


def setUpModule():
    try:
        Segment(SegmentFile("/dev/null", 0, 0), 1)
    except Unreadable as error:
        if "is not Linux on x86-64" in str(error):
            raise unittest.SkipTest(str(error)) from None


class SharedCase(ClientCase):
    """A client that reads memory, and one that asks the server, at the same cache."""

    kind = "main"

    def setUp(self):
        self.served = self.client(f"{self.kind}@{UNIX}")
        self.served.clear()
        self.shared = self.client(f"{self.kind}@{UNIX}", shared_memory=True)

    def hits(self):
        return self.served.stats()["hits"]

    def file(self):
        fields = self.served._caller.require("segment").fields
        return SegmentFile(
            fields[b"file"].decode(), int(fields[b"inode"]), int(fields[b"checksum"])
        )

    def patch(self, offset, data):
        """Changes bytes of the file, and restores them after the test."""
        with open(self.file().path, "rb") as file:
            file.seek(offset)
            self.addCleanup(self.overwrite, offset, file.read(len(data)))
        self.overwrite(offset, data)

    def overwrite(self, offset, data):
        with open(self.file().path, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def assertAsks(self, key, value):
        """The read gives this value and comes from the server, which counts it."""
        before = self.hits()
        self.assertEqual(self.shared.get(key), value)
        self.assertEqual(self.hits(), before + 1)

    def assertReads(self, key, value):
        """The read gives this value and comes from memory."""
        before = self.hits()
        self.assertEqual(self.shared.get(key), value)
        self.assertEqual(self.hits(), before)


class EachKind(SharedCase):
    def test_values(self):
        """in each kind of cache, keys and values of all lengths are those of the server"""
        for kind in KINDS:
            with self.subTest(kind=kind):
                served = self.client(f"{kind}@{UNIX}")
                shared = self.client(f"{kind}@{UNIX}", shared_memory=True)
                stats = served.stats()
                largest, longest = stats["maxValueSize"], stats["maxKeySize"]
                sizes = [*range(1, 70), 127, 128, 129, 1000, largest]
                items = {
                    b"k" * (1 + 7 * i % longest): bytes(range(256)) * (size // 256 + 1)
                    for i, size in enumerate(sizes)
                }
                items = {key: value[:size] for (key, value), size in zip(items.items(), sizes)}
                before = stats["hits"]
                for key, value in items.items():
                    if len(value) == largest:
                        served.clear()  # it may need all blocks of the cache
                    self.assertIs(served.set(key, value), True)
                    self.assertEqual(shared.get(key), value)
                    self.assertIs(shared.has(key), True)
                self.assertLessEqual(served.stats()["hits"] - before, 2)  # of 73: see Uses
                found = served.get_many(items)
                self.assertEqual({key: shared.get(key) for key in items if key in found}, found)

    def test_other_hash(self):
        """a cache with a hash of uWSGI is read at its server, which the log says once"""
        served = self.client(f"djb33x@{UNIX}")
        shared = self.client(f"djb33x@{UNIX}", shared_memory=True)
        served.set("key", b"value")
        with self.assertLogs("undercroft", "WARNING") as log:
            self.assertEqual([shared.get("key") for _ in range(3)], [b"value"] * 3)
        (line,) = log.output
        self.assertRegex(line, "hash .* asks the server")


class Reads(SharedCase):
    def test_changes(self):
        """a read sees each change that was made before it"""
        self.assertReads("key", None)
        for value in (b"one", b"a longer value than the one before", b"2"):
            self.served.set("key", value)
            self.assertReads("key", value)
            self.assertIs(self.shared.has("key"), True)
        self.served.delete("key")
        self.assertReads("key", None)
        self.assertIs(self.shared.has("key"), False)
        self.shared.set("key", b"own")
        self.assertReads("key", b"own")
        self.served.clear()
        self.assertReads("key", None)

    def test_counters(self):
        """a counter is its 8 bytes, as at the server"""
        self.shared.incr("n", 41)
        self.shared.incr("n")
        self.assertReads("n", encode_counter(42))

    def test_expiry(self):
        """an item is there until its end, and not at its end"""
        self.served.set("ends", b"v", ttl=60)
        self.served.set("stays", b"v", ttl=NEVER)
        self.assertReads("ends", b"v")
        self.assertReads("stays", b"v")
        self.served.touch("ends", 0)
        self.assertReads("ends", None)
        self.served.set("soon", b"v", ttl=0.05)
        ends_at = time.time() + 0.05
        while self.shared.get("soon") is not None:
            pass
        self.assertGreater(time.time(), ends_at - 0.01)

    def test_many(self):
        """get_many reads memory as well"""
        values = {f"k{i}": b"%d" % i for i in range(300)}
        self.served.set_many(values)
        before = self.hits()
        self.assertEqual(self.shared.get_many([*values, "none"]), values)
        self.assertLess(self.hits() - before, 10)

    def test_keys(self):
        """what is no key is the same error, and a key too long for the cache a miss"""
        self.assertCode("UNDERCROFT_KEY_INVALID", self.shared.get, "")
        self.assertCode("UNDERCROFT_KEY_INVALID", self.shared.get, 1)
        self.assertIsNone(self.shared.get("k" * 2049))

    def test_limit(self):
        """a value larger than max_value_size is the same error"""
        self.served.set("key", b"v" * 5000)
        limited = self.client(f"main@{UNIX}", shared_memory=True, max_value_size=4999)
        self.assertCode("UNDERCROFT_PROTOCOL", limited.get, "key")

    def test_addresses(self):
        """also at a port of this machine, with and without a secret"""
        self.served.set("key", b"value")
        for location, options in ((f"main@{TCP}", {}), (f"main@{SECRET_TCP}", {"secret": SECRET})):
            self.shared = self.client(location, shared_memory=True, **options)
            self.assertReads("key", b"value")

    def test_option(self):
        """shared_memory is True or False"""
        self.assertCode(
            "UNDERCROFT_OPTION_INVALID", self.client, f"main@{UNIX}", shared_memory="no"
        )

    def test_fork(self):
        """a forked process reads on, and sees changes made after the fork"""
        self.served.set("key", b"one")
        self.assertReads("key", b"one")
        reader, writer = os.pipe()
        go_reader, go_writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(go_reader, 1)
            os.write(writer, self.shared.get("key") or b"none")
            os._exit(0)
        self.served.set("key", b"two")
        os.write(go_writer, b"g")
        self.assertEqual(os.read(reader, 10), b"two")
        os.waitpid(pid, 0)
        for descriptor in (reader, writer, go_reader, go_writer):
            os.close(descriptor)

    def test_threads(self):
        """threads that read while others write see whole values of the right key only"""
        keys = [f"key {i}" for i in range(8)]
        failures = []
        is_over = threading.Event()

        def read():
            while not is_over.is_set():
                for key in keys:
                    value = self.shared.get(key)
                    if value is not None and value != value[:8] * (len(value) // 8):
                        failures.append((key, value))
                    elif value is not None and value[:5] != key.encode():
                        failures.append((key, value))

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for turn in range(400):
            key = keys[turn % len(keys)]
            self.served.set(key, (f"{key}".encode() + b"%03d" % turn) * (1 + turn % 900))
        is_over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class Uses(SharedCase):
    kind = "lru"

    def test_reported(self):
        """where use decides what is evicted, one of 64 hits is asked of the server"""
        self.served.set("key", b"value")
        before = self.hits()
        for _ in range(640):
            self.assertEqual(self.shared.get("key"), b"value")
        self.assertEqual(self.hits() - before, 10)


class EachStep(SharedCase):
    """A change between any two lines of a read: the read gives what was there before or after."""

    kind = "bitmap"

    def read_with(self, change, line):
        """Reads, and makes the change before this line of the read runs for the first time."""
        segment = self.shared._shared._segment
        code = segment._read.__func__.__code__
        is_made = False

        def on_line(frame, event, argument):
            nonlocal is_made
            if event == "line" and frame.f_lineno == line and not is_made:
                is_made = True
                sys.settrace(None)
                change()
                sys.settrace(on_call)
            return on_line

        def on_call(frame, event, argument):
            return on_line if frame.f_code is code else None

        sys.settrace(on_call)
        try:
            found = segment.get(b"key")
        finally:
            sys.settrace(None)
        return found, is_made

    def check(self, before, change, after):
        """``before`` and ``after`` are values; None: no item."""
        self.assertIsNone(self.shared.get("warm"))
        code = self.shared._shared._segment._read.__func__.__code__
        lines = sorted({line for _, _, line in code.co_lines() if line})
        made_count = 0
        for line in lines:
            self.served.clear()
            if before is not None:
                self.served.set("key", before)
            found, is_made = self.read_with(change, line)
            made_count += is_made
            self.assertIn(found, (before, after), f"{change.__name__} before line {line}")
        self.assertGreater(made_count, 8)

    def test_replaced(self):
        """another value in the same place, a longer and a shorter one"""
        for size in (200, 1000, 20):

            def replace(size=size):
                self.served.set("key", b"B" * size)

            self.check(b"a" * 200, replace, b"B" * size)

    def test_deleted(self):
        """a deletion, after which the place belongs to another key"""

        def delete():
            self.served.delete("key")
            for other in range(20):
                self.served.set(f"other {other}", b"B" * 200)

        self.check(b"a" * 200, delete, None)

    def test_emptied(self):
        """a new item, and the end of all items"""

        def add():
            self.served.set("key", b"B" * 100)

        self.check(None, add, b"B" * 100)
        self.check(b"a" * 100, self.served.clear, None)

    def test_moved(self):
        """a deletion and a new item of the same key elsewhere"""

        def move():
            self.served.delete("key")
            for other in range(5):
                self.served.set(f"other {other}", b"x" * 200)
            self.served.set("key", b"B" * 150)

        self.check(b"a" * 200, move, b"B" * 150)


class OtherBytes(SharedCase):
    """Bytes that this reader does not know, or must not trust: the server is asked."""

    kind = "none"

    def setUp(self):
        super().setUp()
        self.served.set("key", b"value")
        self.assertReads("key", b"value")
        self.segment = self.shared._shared._segment

    def slot_offset(self):
        """Of the only item, in the first slot."""
        return self.segment._slots_offset

    def test_unknown_bits(self):
        """an item with a bit of a newer version is read at the server"""
        offset = self.slot_offset() + SLOT_INFO
        (info,) = struct.unpack_from("<i", self.segment._bytes, offset)
        for bit in (27, 28, 30):
            self.patch(offset, struct.pack("<I", info | 1 << bit))
            self.assertAsks("key", b"value")
        self.patch(offset, struct.pack("<I", info))
        self.assertReads("key", b"value")

    def test_hole(self):
        """a value where the file can have a hole is read at the server"""
        reserved_blocks = 384 + 104
        self.patch(reserved_blocks, struct.pack("<i", 0))
        self.assertEqual(type(self.segment.get(b"key")).__name__, "Ask")

    def test_stuck_writer(self):
        """a chain that a dead writer left in the middle of a change is left to the server"""
        words = self.segment._words
        first = BUCKETS // 4
        bucket = next(at for at in range(first, first + 1000, 2) if words[at + 1] != 0)
        version = words[bucket]
        self.overwrite(bucket * 4, struct.pack("<i", version + 1))
        self.assertAsks("key", b"value")
        self.assertReads("key", b"value")

    def test_circle(self):
        """a chain that leads in a circle or nowhere is left to the server"""
        offset = self.slot_offset()
        for next_slot in (1, 5_000_000, -1):
            self.patch(offset + 4, struct.pack("<i", next_slot))
            self.patch(offset, b"\0\0\0\0")  # the hash, so that the walk goes on
            self.assertEqual(type(self.segment.get(b"key")).__name__, "Ask")

    def refused(self, why):
        shared = self.client(f"{self.kind}@{UNIX}", shared_memory=True)
        with self.assertLogs("undercroft", "WARNING") as log:
            self.assertEqual([shared.get("key") for _ in range(3)], [b"value"] * 3)
        (line,) = log.output
        self.assertRegex(line, f"{why}.* asks the server")

    def patch_header(self, offset, data):
        self.patch(offset, data)
        with open(self.file().path, "rb") as file:
            header = file.read(HEADER_CHECKSUM)
        self.patch(HEADER_CHECKSUM, struct.pack("<I", zlib.crc32(header)))

    def test_format(self):
        """another version of the format is refused with one line in the log, and reads work"""
        self.patch_header(FORMAT_VERSION, struct.pack("<i", 99))
        self.refused("segment format 99, and this package reads")

    def test_damaged_header(self):
        """so is a header that is damaged"""
        self.patch(40, b"\1")
        self.refused("header is damaged")

    def test_other_layout(self):
        """so is a header whose parts do not make its size"""
        self.patch_header(40, struct.pack("<d", 51))
        self.refused("its parts need")

    def test_boot(self):
        """so is a file that was last open before the machine started"""
        self.patch(BOOT_ID, b"other boot id...")
        self.refused("not been checked since the machine started")

    def test_mode(self):
        """so is a file that everybody may write to"""
        path = self.file().path
        mode = os.stat(path).st_mode & 0o777
        self.addCleanup(os.chmod, path, mode)
        os.chmod(path, mode | 0o002)
        self.refused("everybody may write to it")

    def test_other_file(self):
        """so is a file of the same name that is not the server's, as in another container"""
        path = self.file().path
        os.rename(path, path + ".kept")
        self.addCleanup(os.replace, path + ".kept", path)
        with open(path + ".kept", "rb") as file, open(path, "wb") as copy:
            copy.write(file.read())
        os.chmod(path, 0o600)
        self.refused("not the file that the server has open")


class Destroyed(SharedCase):
    kind = "lost"

    def test_destroyed(self):
        """a file that was removed, as that of a destroyed cache, is not read on"""
        self.served.set("key", b"value")
        self.assertReads("key", b"value")
        os.unlink(self.file().path)
        with self.assertLogs("undercroft", "WARNING") as log:
            self.assertAsks("key", b"value")
        self.assertRegex(log.output[0], "cannot be opened")


class WithoutServer(SharedCase):
    def test_stop_and_start(self):
        """a call that fails ends the reads until the server is back"""
        self.served.set("key", b"value")
        self.assertReads("key", b"value")
        tell("stop")
        self.assertEqual(self.shared.get("key"), b"value")
        self.assertCode("UNDERCROFT_CONNECTION", self.shared.set, "key", b"other")
        self.assertCode("UNDERCROFT_CONNECTION", self.shared.get, "key")
        tell("start")
        self.assertReads("key", b"value")


class Speed(SharedCase):
    def test_ratio(self):
        """a get takes at most a third of the time of one over the socket"""
        keys = [f"user:{i}:profile" for i in range(2000)]
        self.served.set_many(dict.fromkeys(keys, b"v" * 100))
        self.shared.get_many(keys)
        ratios = []
        for turn in range(20):
            part = keys[turn * 100 : turn * 100 + 100]
            ratios.append(seconds(self.shared.get, part) / seconds(self.served.get, part))
        self.assertLess(statistics.median(ratios), 1 / 3)


def seconds(get, keys):
    started = time.perf_counter()
    for key in keys:
        get(key)
    return time.perf_counter() - started
