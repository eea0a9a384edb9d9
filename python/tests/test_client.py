"""The client at an undercroft server."""

from support import TCP, UNIX, ClientCase
from undercroft import NEVER, Client, decode_counter, encode_counter


class OverTcp(ClientCase):
    address = TCP

    def setUp(self):
        self.cache = self.client(f"main@{self.address}")
        self.cache.clear()
        self.tiny = self.client(f"tiny@{self.address}")
        self.tiny.clear()

    def test_bytes(self):
        """what was set is got, whatever the bytes"""
        for value in (b"\0", bytes(range(256)), b"x" * 65_536):
            self.assertTrue(self.cache.set("key", value))
            self.assertEqual(self.cache.get("key"), value)
        self.assertTrue(self.cache.set(b"\0\xff", "größe"))
        self.assertEqual(self.cache.get(b"\0\xff"), "größe".encode())
        self.assertTrue(self.cache.set("view", memoryview(bytearray(b"abc"))))
        self.assertEqual(self.cache.get("view"), b"abc")
        self.assertIsNone(self.cache.get("nobody"))

    def test_add_has_delete(self):
        """add stores only what is absent; has and delete say whether it was there"""
        self.assertFalse(self.cache.has("key"))
        self.assertTrue(self.cache.add("key", b"1"))
        self.assertFalse(self.cache.add("key", b"2"))
        self.assertEqual(self.cache.get("key"), b"1")
        self.assertTrue(self.cache.has("key"))
        self.assertTrue(self.cache.delete("key"))
        self.assertFalse(self.cache.delete("key"))

    def test_empty(self):
        """an empty value or key is refused here, with a word about why"""
        self.assertCode("UNDERCROFT_VALUE_UNSUPPORTED", self.cache.set, "key", b"")
        self.assertCode("UNDERCROFT_VALUE_UNSUPPORTED", self.cache.add, "key", "")
        self.assertCode("UNDERCROFT_VALUE_UNSUPPORTED", self.cache.set_many, {"key": b""})
        self.assertCode("UNDERCROFT_VALUE_UNSUPPORTED", self.cache.set, "key", 5)
        self.assertCode("UNDERCROFT_KEY_INVALID", self.cache.get, "")
        self.assertCode("UNDERCROFT_KEY_INVALID", self.cache.get, 5)
        self.assertCode("UNDERCROFT_KEY_INVALID", self.cache.get, "\ud800")

    def test_long_keys(self):
        """a key too long for the cache is a miss and cannot be set; one too long to send fails"""
        key = "k" * 2048
        self.assertTrue(self.cache.set(key, b"v"))
        self.assertEqual(self.cache.get(key), b"v")
        self.assertCode("UNDERCROFT_KEY_INVALID", self.cache.set, key + "k", b"v")
        self.assertIsNone(self.cache.get(key + "k"))
        self.assertCode("UNDERCROFT_KEY_INVALID", self.cache.get, "k" * 4096)

    def test_refusals(self):
        """full is an answer, too large an error; of many, those not stored are named"""
        for key in "abc":
            self.assertTrue(self.tiny.set(key, b"v"))
        self.assertFalse(self.tiny.set("d", b"v"))
        self.assertFalse(self.tiny.add("d", b"v"))
        self.assertIsNone(self.tiny.incr("d"))
        self.assertCode("UNDERCROFT_VALUE_TOO_LARGE", self.tiny.set, "a", b"v" * 65)
        self.assertEqual(self.tiny.set_many({"a": b"1", "d": b"2", "b": b"3" * 65}), ["d", "b"])
        self.assertEqual(self.tiny.get_many("abd"), {"a": b"1", "b": b"v"})

    def test_unknown_cache(self):
        """a cache that the server does not have is an error, not a miss"""
        self.assertCode("UNDERCROFT_NO_SUCH_CACHE", self.client(f"x@{self.address}").get, "key")

    def test_default_cache(self):
        """without a name it is the server's first cache"""
        self.client(f"@{self.address}").set("key", b"v")
        self.assertEqual(self.cache.get("key"), b"v")

    def test_counters(self):
        """counters begin at initial, have exactly 64 bits, and wrap"""
        self.assertEqual(self.cache.incr("n"), 1)
        self.assertEqual(self.cache.incr("n", 2**62), 2**62 + 1)
        self.assertEqual(self.cache.decr("n", 2**62), 1)
        self.assertEqual(self.cache.decr("n", 3), -2)
        self.assertEqual(self.cache.incr("m", initial=2**63 - 2), 2**63 - 1)
        self.assertEqual(self.cache.incr("m"), -(2**63))
        self.assertEqual(decode_counter(self.cache.get("n")), -2)
        self.cache.set("n", encode_counter(41))
        self.assertEqual(self.cache.incr("n"), 42)
        self.assertCode("UNDERCROFT_OPTION_INVALID", self.cache.incr, "n", 2**63)
        self.assertCode("UNDERCROFT_OPTION_INVALID", self.cache.incr, "n", 1.5)
        self.cache.set("text", b"text")
        self.assertCode("UNDERCROFT_NOT_A_COUNTER", self.cache.incr, "text")

    def test_start_of_counters(self):
        """without initial a counter begins where the server's cache says"""
        self.assertEqual(self.tiny.incr("n"), 101)
        self.assertEqual(self.tiny.decr("m"), 99)
        self.assertEqual(self.tiny.incr("o", initial=0), 1)

    def test_only_present(self):
        """with only_present nothing is created"""
        self.assertIsNone(self.cache.incr("n", only_present=True, initial=7))
        self.assertIsNone(self.cache.decr("n", only_present=True))
        self.assertFalse(self.cache.has("n"))
        self.cache.incr("n")
        self.assertEqual(self.cache.incr("n", only_present=True), 2)

    def test_ttl(self):
        """the time left is known and can be changed; zero is over at once"""
        self.cache.set("key", b"v", ttl=90.5)
        self.assertTrue(80 < self.cache.ttl("key") <= 90.5)
        self.assertTrue(self.cache.touch("key", NEVER))
        self.assertEqual(self.cache.ttl("key"), NEVER)
        self.assertTrue(self.cache.touch("key", 0))
        self.assertIsNone(self.cache.ttl("key"))
        self.assertFalse(self.cache.touch("key", 60))
        self.cache.set("key", b"v", ttl=0)
        self.assertIsNone(self.cache.get("key"))
        self.cache.incr("n", ttl=60)
        self.assertTrue(50 < self.cache.ttl("n") <= 60)
        self.assertCode("UNDERCROFT_OPTION_INVALID", self.cache.set, "key", b"v", ttl=-1)

    def test_many(self):
        """thousands at once, in any order of sizes, and only what is there comes back"""
        values = {f"key{i}": b"%d" % i * (1 + i % 50) for i in range(2000)}
        self.assertEqual(self.cache.set_many(values, ttl=60), [])
        wanted = [*values, "nobody"]
        self.assertEqual(self.cache.get_many(wanted), values)
        self.assertEqual(self.cache.delete_many(["key0", "key1", "nobody"]), 2)
        self.assertEqual(self.cache.get_many([]), {})
        self.assertEqual(self.cache.set_many({}), [])
        self.assertEqual(self.cache.delete_many([]), 0)

    def test_many_large(self):
        """many large values are asked for at once without both sides waiting for each other"""
        values = {f"{'k' * 1000}{i}": b"v" * 65_000 for i in range(300)}
        self.assertEqual(self.cache.set_many(values), [])
        self.assertEqual(self.cache.get_many(values), values)

    def test_keys(self):
        """all keys come once, however small the pages"""
        keys = {b"key%d" % i for i in range(250)}
        self.cache.set_many(dict.fromkeys(keys, b"v"))
        for page_size in (1000, 7):
            found = list(self.cache.keys(page_size))
            self.assertEqual(len(found), 250)
            self.assertEqual(set(found), keys)
        self.assertEqual(list(self.tiny.keys()), [])

    def test_clear_and_stats(self):
        """clear says how many there were; stats count"""
        self.cache.set_many({"a": b"1", "b": b"2"})
        before = self.cache.stats()
        self.assertEqual((before["name"], before["items"]), ("main", 2))
        self.cache.get("a")
        self.assertEqual(self.cache.stats()["hits"], before["hits"] + 1)
        self.assertEqual(self.cache.clear(), 2)
        self.assertEqual(self.cache.clear(), 0)

    def test_reply_limit(self):
        """a value over max_value_size is an error, and the next call works"""
        self.cache.set("large", b"v" * 1001)
        self.cache.set("small", b"v" * 1000)
        careful = self.client(f"main@{self.address}", max_value_size=1000)
        self.assertCode("UNDERCROFT_PROTOCOL", careful.get, "large")
        self.assertEqual(careful.get("small"), b"v" * 1000)

    def test_close(self):
        """a closed client fails, may be closed again, and closes itself after a with block"""
        with Client(f"main@{self.address}") as cache:
            cache.set("key", b"v")
        self.assertCode("UNDERCROFT_CLOSED", cache.get, "key")
        cache.close()


class OverUnixSocket(OverTcp):
    address = UNIX


class Options(ClientCase):
    def test_refused(self):
        """an option out of range is refused at once, by its name"""
        for name, value in (
            ("connections", 0),
            ("connections", True),
            ("reply_timeout", 0),
            ("connect_timeout", "1"),
            ("max_packet_size", 65_536),
            ("idle_timeout", float("nan")),
        ):
            with self.assertRaisesRegex(Exception, name):
                Client("main@127.0.0.1:1", **{name: value})

    def test_nobody_there(self):
        """where nobody listens, the error says so"""
        self.assertCode("UNDERCROFT_CONNECTION", self.client("main@127.0.0.1:1").get, "key")
        self.assertCode("UNDERCROFT_CONNECTION", self.client("main@/nowhere.sock").get, "key")
