"""The client and the Django backend at a real uWSGI."""

import django_case  # noqa: F401  settings
from support import UWSGI_TCP, UWSGI_UNIX, ClientCase
from undercroft import NEVER, UndercroftError
from undercroft.django import UndercroftCache


class AtUwsgiOverTcp(ClientCase):
    address = UWSGI_TCP

    def setUp(self):
        self.cache = self.client(f"main@{self.address}")
        self.cache.clear()

    def test_plain_commands(self):
        """get, set, add, has, delete and clear work"""
        self.assertIsNone(self.cache.get("key"))
        self.assertTrue(self.cache.add("key", b"one"))
        self.assertFalse(self.cache.add("key", b"two"))
        self.assertEqual(self.cache.get("key"), b"one")
        self.assertTrue(self.cache.set("key", b"\0three", ttl=60))
        self.assertEqual(self.cache.get("key"), b"\0three")
        self.assertTrue(self.cache.set("key", b"four", ttl=NEVER))
        self.assertTrue(self.cache.has("key"))
        self.assertTrue(self.cache.delete("key"))
        self.assertFalse(self.cache.delete("key"))
        self.cache.set("key", b"v")
        self.assertIsNone(self.cache.clear())
        self.assertFalse(self.cache.has("key"))

    def test_many(self):
        """several at once work, one connection each"""
        values = {f"k{i}": b"%d" % i for i in range(20)}
        self.assertEqual(self.cache.set_many(values), [])
        self.assertEqual(self.cache.get_many([*values, "none"]), values)
        self.assertEqual(self.cache.delete_many([*values, "none"]), 20)

    def test_large(self):
        """a value too large is not stored, which is all that uWSGI lets know"""
        self.assertFalse(self.cache.set("key", bytes(1_000_000)))
        self.assertTrue(self.cache.set("key", b"v" * 65_536))
        self.assertEqual(self.cache.get("key"), b"v" * 65_536)

    def test_extension(self):
        """what uWSGI does not know fails, and says what is needed"""
        self.cache.set("n", b"12345678")
        for call in (
            lambda: self.cache.incr("n"),
            lambda: self.cache.decr("n"),
            lambda: self.cache.touch("n", 60),
            lambda: self.cache.ttl("n"),
            lambda: list(self.cache.keys()),
            self.cache.stats,
        ):
            self.assertCode("UNDERCROFT_REMOTE_REFUSED", call)
        self.assertEqual(self.cache.get("n"), b"12345678")

    def test_unknown_cache(self):
        """a cache it does not have is a miss, and an error when cleared"""
        other = self.client(f"nothing@{self.address}")
        self.assertIsNone(other.get("key"))
        self.assertFalse(other.set("key", b"v"))
        self.assertCode("UNDERCROFT_NO_SUCH_CACHE", other.clear)


class AtUwsgiOverUnixSocket(AtUwsgiOverTcp):
    address = UWSGI_UNIX


class DjangoAtUwsgi(ClientCase):
    def setUp(self):
        self.cache = UndercroftCache(f"main@{UWSGI_TCP}", {"OPTIONS": {"SERIALIZER": "pickle"}})
        self.cache.clear()

    def test_plain_methods(self):
        """the backend works as far as uWSGI does"""
        self.cache.set("a", {"b": [1]})
        self.cache.set_many({"n": 5, "never": "x"}, None)
        self.assertEqual(self.cache.get_many(["a", "n", "x"]), {"a": {"b": [1]}, "n": 5})
        self.assertIs(self.cache.add("a", 1), False)
        self.assertIs(self.cache.has_key("never"), True)
        self.assertIs(self.cache.delete("a"), True)
        self.assertEqual(self.cache.get_or_set("a", lambda: "new"), "new")
        for timeout in (0, -1):
            self.cache.set("a", "gone", timeout)
            self.assertIsNone(self.cache.get("a"))
            self.assertIs(self.cache.add("a", "gone", timeout), True)
            self.assertIsNone(self.cache.get("a"))
            self.assertIs(self.cache.add("n", 6, timeout), False)
            self.assertEqual(self.cache.get("n"), 5)

    def test_extension(self):
        """incr, decr and touch say what they need, and change nothing"""
        self.cache.set("n", 5)
        for call in (self.cache.incr, self.cache.decr, self.cache.touch):
            with self.assertRaisesRegex(UndercroftError, "needs an undercroft server"):
                call("n")
        self.assertEqual(self.cache.get("n"), 5)

    def test_too_large(self):
        """what uWSGI does not take is logged"""
        with self.assertLogs("undercroft", "WARNING"):
            self.cache.set("a", "v" * 70_000)
        self.assertIsNone(self.cache.get("a"))
