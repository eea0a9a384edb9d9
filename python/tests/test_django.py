"""The Django backend: what Django documents for every cache backend, at an undercroft server.

https://docs.djangoproject.com/en/stable/topics/cache/ and the docstrings of BaseCache.
"""

import zlib
from unittest import mock

from django.core.cache import caches
from django_case import Case


class Thing:
    """A class that pickle can store."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, Thing) and self.name == other.name


class Unpicklable:
    def __getstate__(self):
        raise TypeError("not this one")


class Contract(Case):
    def test_simple(self):
        """what was set is got"""
        self.cache.set("key", "value")
        self.assertEqual(self.cache.get("key"), "value")

    def test_default_used_when_none_is_set(self):
        """a stored None is not the default"""
        self.cache.set("none", None)
        self.assertIsNone(self.cache.get("none", default="default"))
        self.assertTrue(self.cache.has_key("none"))

    def test_add(self):
        """add stores only what is absent"""
        self.assertIs(self.cache.add("key", "value"), True)
        self.assertIs(self.cache.add("key", "other"), False)
        self.assertEqual(self.cache.get("key"), "value")

    def test_prefix(self):
        """caches with different prefixes do not see each other's keys"""
        self.cache.set("key", "value")
        self.assertFalse(caches["prefix"].has_key("key"))
        caches["prefix"].set("key", "other")
        self.assertEqual(self.cache.get("key"), "value")

    def test_non_existent(self):
        """a missing key gives None or the default"""
        self.assertIsNone(self.cache.get("nobody"))
        self.assertEqual(self.cache.get("nobody", "default"), "default")

    def test_get_many(self):
        """get_many gives what is there, from any iterable"""
        self.cache.set_many({"a": "a", "b": "b", "c": None, "d": "d"})
        self.assertEqual(self.cache.get_many(["a", "d"]), {"a": "a", "d": "d"})
        self.assertEqual(self.cache.get_many(iter(["a", "c", "x"])), {"a": "a", "c": None})
        self.assertEqual(self.cache.get_many([]), {})

    def test_delete(self):
        """delete says whether there was something"""
        self.cache.set("key", "value")
        self.assertIs(self.cache.delete("key"), True)
        self.assertIs(self.cache.delete("key"), False)
        self.assertIsNone(self.cache.get("key"))

    def test_has_key(self):
        """has_key and in tell whether a key is there"""
        self.cache.set("key", "value")
        self.assertIs(self.cache.has_key("key"), True)
        self.assertIs("key" in self.cache, True)
        self.assertIs(self.cache.has_key("other"), False)
        self.assertIs("other" in self.cache, False)

    def test_incr(self):
        """incr adds, and refuses a key that is not there"""
        self.cache.set("n", 41)
        self.assertEqual(self.cache.incr("n"), 42)
        self.assertEqual(self.cache.get("n"), 42)
        self.assertEqual(self.cache.incr("n", 10), 52)
        self.assertEqual(self.cache.incr("n", -62), -10)
        with self.assertRaises(ValueError):
            self.cache.incr("nobody")
        self.assertFalse(self.cache.has_key("nobody"))

    def test_decr(self):
        """decr subtracts, below zero as well, and refuses a key that is not there"""
        self.cache.set("n", 43)
        self.assertEqual(self.cache.decr("n"), 42)
        self.assertEqual(self.cache.decr("n", 50), -8)
        self.assertEqual(self.cache.get("n"), -8)
        with self.assertRaises(ValueError):
            self.cache.decr("nobody")

    def test_incr_keeps_timeout(self):
        """incr does not change when a counter ends"""
        self.cache.set("n", 1, timeout=0.3)
        self.cache.incr("n")
        self.expire("n")
        with self.assertRaises(ValueError):
            self.cache.incr("n")

    def test_incr_of_others(self):
        """what is no integer cannot be counted, and stays as it is"""
        for value in ("text", 1.5, True, [1], "12345678", 2**63, b"123456", None):
            self.cache.set("value", value)
            with self.assertRaises(TypeError, msg=repr(value)):
                self.cache.incr("value")
            self.assertEqual(self.cache.get("value"), value)
        self.cache.set("n", 1)
        with self.assertRaises(TypeError):
            self.cache.incr("n", 1.5)

    def test_close(self):
        """close can be called, and the cache used after it"""
        self.cache.set("key", "value")
        self.cache.close()
        self.assertEqual(self.cache.get("key"), "value")

    def test_data_types(self):
        """values come back as the type they were"""
        for value in (
            "text", "", 42, 0, -(2**63), 2**63 - 1, 2**63, -(2**63) - 1, 10**40, 1.5, True, False,
            None, b"", b"xy", b"12345678", bytes(range(256)), [1, [2]], {"a": {"b": 1}}, (1, "b"),
            {1, 2}, frozenset("ab"), Thing("x"), [Thing("y")], len, Thing,
        ):
            self.cache.set("value", value)
            found = self.cache.get("value")
            self.assertEqual(found, value)
            self.assertIs(type(found), type(value))

    def test_every_size(self):
        """values of every small size come back, eight bytes included, and are no counters"""
        for size in range(0, 40):
            for value in (b"v" * size, b" " * size, " " * size):
                self.cache.set("value", value)
                self.assertEqual(self.cache.get("value"), value)
                with self.assertRaises(TypeError):
                    self.cache.incr("value")

    def test_copies(self):
        """what is got is a copy: changing it changes nothing in the cache"""
        self.cache.set("list", [1])
        self.cache.get("list").append(2)
        self.assertEqual(self.cache.get("list"), [1])

    def test_unpicklable(self):
        """what cannot be pickled is an error, and what was there stays"""
        self.cache.set("key", "value")
        with self.assertRaises(TypeError):
            self.cache.set("key", Unpicklable())
        with self.assertRaises(TypeError):
            self.cache.add("other", Unpicklable())
        self.assertEqual(self.cache.get("key"), "value")

    def test_expiration(self):
        """items end after their timeout, also those of add"""
        self.cache.set_many({"a": 1, "b": "b"}, 0.05)
        self.cache.set("c", "c", 60)
        self.cache.add("d", "d", 0.05)
        self.expire("a", "b", "d")
        self.assertIsNone(self.cache.get("a"))
        self.assertIs(self.cache.add("b", "new"), True)
        self.assertEqual(self.cache.get("b"), "new")
        self.assertEqual(self.cache.get("c"), "c")

    def test_touch(self):
        """touch gives a new timeout, and says whether there was an item"""
        self.cache.set("key", "value", timeout=0.1)
        self.assertIs(self.cache.touch("key", timeout=60), True)
        self.cache.set("marker", 1, timeout=0.2)
        self.expire("marker")
        self.assertTrue(self.cache.has_key("key"))
        self.assertIs(self.cache.touch("key", 0.05), True)
        self.expire("key")
        self.assertIs(self.cache.touch("key"), False)
        self.cache.set("key", "value", timeout=1)
        self.assertIs(self.cache.touch("key"), True)
        self.assertIs(self.cache.touch("key", None), True)
        self.assertIs(self.cache.touch("key", 0), True)
        self.assertFalse(self.cache.has_key("key"))

    def test_unicode(self):
        """keys and values may be any text"""
        for key, value in {
            "ascii": "ascii",
            "unicode_ascii": "Iñtërnâtiônàlizætiøn1",
            "Iñtërnâtiônàlizætiøn": "Iñtërnâtiônàlizætiøn2",
            "ключ🔑": {"x": "значение🔒"},
        }.items():
            self.cache.set(key, value)
            self.assertEqual(self.cache.get(key), value)
            self.assertIs(self.cache.delete(key), True)
            self.assertIs(self.cache.add(key, value), True)
            self.assertEqual(self.cache.get_many([key]), {key: value})
            self.cache.delete(key)
            self.assertEqual(self.cache.set_many({key: value}), [])
            self.assertIs(self.cache.touch(key), True)
            self.assertEqual(self.cache.get(key), value)

    def test_binary(self):
        """bytes of any kind are kept"""
        packed = zlib.compress(b"value" * 100)
        self.cache.set("packed", packed)
        self.assertEqual(zlib.decompress(self.cache.get("packed")), b"value" * 100)
        self.assertIs(self.cache.add("packed2", packed), True)
        self.cache.set_many({"packed3": packed})
        self.assertEqual(self.cache.get_many(["packed2", "packed3"]),
                         {"packed2": packed, "packed3": packed})

    def test_set_many(self):
        """set_many stores all, and gives the keys that failed"""
        self.assertEqual(self.cache.set_many({"a": "eggs", "b": 5}), [])
        self.assertEqual(self.cache.get("a"), "eggs")
        self.assertEqual(self.cache.get("b"), 5)
        self.assertEqual(self.cache.set_many({}), [])

    def test_delete_many(self):
        """delete_many deletes the keys given and no others"""
        self.cache.set_many({"a": 1, "b": 2, "c": 3})
        self.cache.delete_many(iter(["a", "b", "nobody"]))
        self.assertEqual(self.cache.get_many("abc"), {"c": 3})
        self.cache.delete_many([])

    def test_clear(self):
        """clear deletes everything in the cache, whoever put it there"""
        self.cache.set("a", 1)
        caches["prefix"].set("b", 2)
        self.cache.clear()
        self.assertFalse(self.cache.has_key("a"))
        self.assertFalse(caches["prefix"].has_key("b"))

    def test_long_timeout(self):
        """more than 30 days is a duration like any other"""
        timeout = 60 * 60 * 24 * 30 + 1
        self.cache.set("a", "eggs", timeout)
        self.assertIs(self.cache.add("b", "ham", timeout), True)
        self.cache.set_many({"c": "bacon", "d": 1}, timeout)
        for key in "abcd":
            left = self.cache._client.ttl(self.cache.make_key(key))
            self.assertTrue(timeout - 60 < left <= timeout, left)

    def test_forever_timeout(self):
        """a timeout of None never ends"""
        self.cache.set("a", 1, None)
        self.assertIs(self.cache.add("b", 2, None), True)
        self.cache.set_many({"c": 3}, None)
        self.cache.set("d", 4, 0.5)
        self.assertIs(self.cache.touch("d", None), True)
        for key in "abcd":
            self.assertEqual(self.cache._client.ttl(self.cache.make_key(key)), float("inf"))

    def test_zero_and_negative_timeout(self):
        """a timeout of zero or less caches nothing, and removes what was there"""
        for timeout in (0, -1, -0.5):
            self.cache.set("a", "old")
            self.cache.set("a", "new", timeout)
            self.assertIsNone(self.cache.get("a"))
            self.assertIs(self.cache.add("b", 1, timeout), True)
            self.assertIsNone(self.cache.get("b"))
            self.cache.set("c", "old")
            self.assertIs(self.cache.add("c", "new", timeout), False)
            self.assertEqual(self.cache.get("c"), "old")
            self.assertEqual(self.cache.set_many({"c": 1, "d": 2}, timeout), [])
            self.assertEqual(self.cache.get_many("cd"), {})
            self.cache.set("e", 1)
            self.assertIs(self.cache.touch("e", timeout), True)
            self.assertIs(self.cache.touch("e", timeout), False)

    def test_float_timeout(self):
        """a timeout may be a fraction of a second"""
        self.cache.set("a", "spam", 100.25)
        self.assertEqual(self.cache.get("a"), "spam")
        self.cache.set("b", "spam", 0.02)
        self.expire("b")

    def test_default_timeout(self):
        """without a timeout it is 300 seconds, or what TIMEOUT says"""
        for alias, least, most in (("default", 290, 300), ("forever", float("inf"), float("inf"))):
            cache = caches[alias]
            cache.set("a", 1)
            self.assertTrue(least <= cache._client.ttl(cache.make_key("a")) <= most)
        for alias in ("nothing", "negative"):
            cache = caches[alias]
            cache.set("a", 1)
            self.assertFalse(cache.has_key("a"))
            self.assertIs(cache.add("a", 1), True)
            self.assertEqual(cache.set_many({"a": 1}), [])
            self.assertFalse(cache.has_key("a"))
            cache.set("a", 1, 60)
            self.assertIs(cache.touch("a"), True)
            self.assertFalse(cache.has_key("a"))

    def test_get_or_set(self):
        """get_or_set stores what was missing, None included, and calls what can be called"""
        self.assertEqual(self.cache.get_or_set("a", "default", 42), "default")
        self.assertEqual(self.cache.get_or_set("a", "other"), "default")
        self.assertEqual(self.cache.get_or_set("b", lambda: "called"), "called")
        self.assertEqual(self.cache.get_or_set("b", mock.Mock(side_effect=ValueError)), "called")
        with self.assertRaises(TypeError):
            self.cache.get_or_set("c")
        self.assertIsNone(self.cache.get_or_set("null", None))

    def test_get_or_set_version(self):
        """get_or_set works on the version it is given"""
        self.cache.get_or_set("a", "one", version=1)
        self.assertEqual(self.cache.get_or_set("a", "two", version=2), "two")
        self.assertEqual(self.cache.get("a", version=1), "one")
        self.assertIsNone(self.cache.get("a", version=3))

    def test_get_or_set_racing(self):
        """when another was faster, its value counts"""
        def slow():
            self.cache.set("a", "theirs")
            return "ours"

        self.assertEqual(self.cache.get_or_set("a", slow), "theirs")


class OverUnixSocket(Contract):
    alias = "unix"
