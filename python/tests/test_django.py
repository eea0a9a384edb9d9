"""The Django backend: what Django documents for every cache backend, at an undercroft server.

https://docs.djangoproject.com/en/stable/topics/cache/ and the docstrings of BaseCache.
"""

import asyncio
import time
import unittest
import warnings
from unittest import mock

import django
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import CacheKeyWarning
from django.core.exceptions import ImproperlyConfigured
from support import TCP, UNIX, tell
from undercroft import Client
from undercroft.django import UndercroftCache

BACKEND = "undercroft.django.UndercroftCache"


def custom_key(key, key_prefix, version):
    return "CUSTOM-" + "-".join([key_prefix, str(version), key])


if not settings.configured:
    base = {"BACKEND": BACKEND, "LOCATION": f"django@{TCP}"}
    settings.configure(
        CACHES={
            "default": base,
            "unix": {**base, "LOCATION": f"django@{UNIX}"},
            "prefix": {**base, "KEY_PREFIX": "prefix"},
            "v2": {**base, "VERSION": 2},
            "custom": {**base, "KEY_FUNCTION": custom_key},
            "custom2": {**base, "KEY_FUNCTION": "test_django.custom_key"},
            "json": {**base, "OPTIONS": {"SERIALIZER": "json"}},
            "spaces": {**base, "OPTIONS": {"SERIALIZER": "test_django.Spaces"}},
            "forever": {**base, "TIMEOUT": None},
            "nothing": {**base, "TIMEOUT": 0},
            "tiny": {**base, "LOCATION": f"tiny@{TCP}"},
        }
    )
    django.setup()


class Spaces:
    """A serializer that makes bytes of any size, ending in spaces if so wanted."""

    def dumps(self, value):
        return value.encode()

    def loads(self, data):
        return data.decode()


class Thing:
    """A class that pickle can store."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, Thing) and self.name == other.name


class Unpicklable:
    def __getstate__(self):
        raise TypeError("not this one")


class Case(unittest.TestCase):
    alias = "default"

    def setUp(self):
        self.cache = caches[self.alias]
        self.cache.clear()

    def expire(self, *keys, cache=None):
        """Waits until the keys are gone."""
        end = time.monotonic() + 10
        while any((cache or self.cache).has_key(key) for key in keys):
            self.assertLess(time.monotonic(), end, "not gone")
            time.sleep(0.005)


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
        import zlib

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
        caches["nothing"].set("a", 1)
        self.assertFalse(caches["nothing"].has_key("a"))

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


class Versions(Case):
    def setUp(self):
        super().setUp()
        self.v2 = caches["v2"]

    def test_get_set(self):
        """a version sees only its own keys; the VERSION of the settings is only the default"""
        self.cache.set("a", 42)
        self.assertEqual(self.cache.get("a", version=1), 42)
        self.assertIsNone(self.cache.get("a", version=2))
        self.assertIsNone(self.v2.get("a"))
        self.assertEqual(self.v2.get("a", version=1), 42)
        self.cache.set("a", 43, version=2)
        self.assertEqual(self.v2.get("a"), 43)
        self.assertEqual(self.cache.get("a"), 42)

    def test_add(self):
        """add looks at its version"""
        self.assertIs(self.cache.add("a", 42, version=2), True)
        self.assertIs(self.v2.add("a", 37), False)
        self.assertIs(self.cache.add("a", 37), True)
        self.assertEqual((self.cache.get("a"), self.v2.get("a")), (37, 42))

    def test_has_key_delete_touch(self):
        """so do has_key, delete and touch"""
        self.cache.set("a", 1)
        self.assertTrue(self.v2.has_key("a", version=1))
        self.assertFalse(self.cache.has_key("a", version=2))
        self.assertIs(self.v2.touch("a"), False)
        self.assertIs(self.v2.touch("a", version=1), True)
        self.assertIs(self.v2.delete("a"), False)
        self.assertIs(self.v2.delete("a", version=1), True)

    def test_incr_decr(self):
        """so do incr and decr"""
        self.cache.set("a", 37)
        self.cache.set("a", 42, version=2)
        self.assertEqual(self.cache.incr("a"), 38)
        self.assertEqual(self.v2.incr("a"), 43)
        self.assertEqual(self.v2.decr("a", version=1), 37)
        with self.assertRaises(ValueError):
            self.cache.incr("a", version=3)

    def test_many(self):
        """so do get_many, set_many and delete_many"""
        self.cache.set_many({"a": 1, "b": 2})
        self.v2.set_many({"a": 3})
        self.assertEqual(self.cache.get_many(["a", "b"], version=2), {"a": 3})
        self.assertEqual(self.v2.get_many(["a", "b"], version=1), {"a": 1, "b": 2})
        self.cache.delete_many(["a"], version=2)
        self.assertEqual(self.v2.get_many(["a"]), {})
        self.assertEqual(self.cache.get("a"), 1)

    def test_incr_version(self):
        """incr_version and decr_version move a value to another version"""
        self.cache.set("a", 42, version=2)
        self.assertEqual(self.cache.incr_version("a", version=2), 3)
        self.assertIsNone(self.cache.get("a", version=2))
        self.assertEqual(self.cache.get("a", version=3), 42)
        self.assertEqual(self.cache.decr_version("a", 2, version=3), 1)
        self.assertEqual(self.cache.get("a"), 42)
        self.assertEqual(self.v2.get("a", "gone"), "gone")
        for move in (self.cache.incr_version, self.cache.decr_version):
            with self.assertRaises(ValueError):
                move("nobody")


class Keys(Case):
    def test_custom_key_function(self):
        """KEY_FUNCTION makes the keys, as a function or as a path"""
        caches["custom"].set("a", 42)
        self.assertEqual(caches["custom2"].get("a"), 42)
        self.assertIsNone(self.cache.get("a"))
        self.assertIn(b"CUSTOM--1-a", list(self.cache._client.keys()))

    def test_default_key(self):
        """the default key is as Django documents it"""
        caches["prefix"].set("a", 1, version=7)
        self.assertEqual(list(self.cache._client.keys()), [b"prefix:7:a"])

    def test_warned_keys(self):
        """keys that memcached would refuse are warned about, and work"""
        for key in ("key with spaces", "control\x7f\n", "\0", "k" * 251, "ü" * 500):
            for call in (
                lambda: self.cache.set(key, "value"),
                lambda: self.cache.set_many({key: "value"}),
                lambda: self.assertIs(self.cache.add(key, "x"), False),
                lambda: self.assertEqual(self.cache.get(key), "value"),
                lambda: self.assertEqual(self.cache.get_many([key]), {key: "value"}),
                lambda: self.assertIs(self.cache.has_key(key), True),
                lambda: self.assertIs(self.cache.touch(key), True),
                lambda: self.assertIs(self.cache.delete(key), True),
                lambda: self.cache.delete_many([key]),
            ):
                with self.assertWarns(CacheKeyWarning):
                    call()

    def test_impossible_keys(self):
        """a key longer than the cache takes is an error that says so, and a plain miss"""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheKeyWarning)
            for store in (self.cache.set, self.cache.add, self.cache.get_or_set):
                with self.assertRaisesRegex(Exception, "longer than this cache takes"):
                    store("k" * 2100, "value")
            self.assertIsNone(self.cache.get("k" * 2100))
            with self.assertRaisesRegex(Exception, "shorten the key"):
                self.cache.get("k" * 5000)

    def test_empty_key(self):
        """the empty key is a key, since a prefix and a version stand before it"""
        self.cache.set("", "value")
        self.assertEqual(self.cache.get(""), "value")


class Serializers(Case):
    def test_json(self):
        """with JSON, values are what JSON makes of them, and readable for others"""
        cache = caches["json"]
        for value in ({"a": [1, None, "ü"]}, "123456", "1234567", 1.5, True, None, "", 2**80):
            cache.set("value", value)
            self.assertEqual(cache.get("value"), value)
        cache.set("value", (1, 2))
        self.assertEqual(cache.get("value"), [1, 2])
        self.assertEqual(cache._client.get(":1:value"), b"[1,2]")
        with self.assertRaises(TypeError):
            cache.set("value", {1, 2})

    def test_json_counters(self):
        """with JSON, integers are counters as well"""
        cache = caches["json"]
        cache.set("n", 41)
        self.assertEqual(cache.incr("n"), 42)
        self.assertEqual(cache.get("n"), 42)
        cache.set("eight", "123456")
        self.assertEqual(len(cache._client.get(":1:eight")), 9)

    def test_own(self):
        """a serializer of one's own gets back exactly the bytes it made"""
        cache = caches["spaces"]
        values = {f"{size}-{spaces}": "v" * size + " " * spaces
                  for size in range(11) for spaces in range(11) if size + spaces > 0}
        self.assertEqual(cache.set_many(values), [])
        self.assertEqual(cache.get_many(values), values)
        self.assertRaises(TypeError, cache.incr, "8-0")


class Room(Case):
    alias = "tiny"

    def test_too_large(self):
        """a value too large is not cached, the old one is gone, and the log tells"""
        self.cache.set("a", "old")
        with self.assertLogs("undercroft", "WARNING"):
            self.cache.set("a", "v" * 100)
        self.assertIsNone(self.cache.get("a"))
        with self.assertLogs("undercroft", "WARNING"):
            self.assertIs(self.cache.add("b", "v" * 100), False)

    def test_full(self):
        """in a full cache set logs, add is False, and set_many gives the keys that failed"""
        self.assertEqual(self.cache.set_many({"a": 1, "b": 2, "c": 3}), [])
        with self.assertLogs("undercroft", "WARNING"):
            self.cache.set("d", 4)
        self.assertIs(self.cache.add("d", 4), False)
        with self.assertLogs("undercroft", "WARNING"):
            self.assertEqual(self.cache.set_many({"d": 4, "a": 5}), ["d"])
        self.assertEqual(self.cache.get("a"), 5)


class Settings(unittest.TestCase):
    def test_refused(self):
        """what is wrong in the settings is ImproperlyConfigured, with what is right"""
        for location, options, message in (
            ("127.0.0.1:3031", {}, "name@host:port"),
            (["main@h:1"], {}, "LOCATION"),
            ("main@h:1", {"POOL": 1}, "unknown OPTIONS POOL"),
            ("main@h:1", {"CONNECTIONS": 0}, "connections"),
            ("main@h:1", {"SERIALIZER": int}, "dumps and loads"),
        ):
            with self.assertRaisesRegex(ImproperlyConfigured, message):
                UndercroftCache(location, {"OPTIONS": options})

    def test_options(self):
        """options reach the client, and those of Django's other backends are passed over"""
        options = {"REPLY_TIMEOUT": 0.5, "CONNECTIONS": 2, "MAX_ENTRIES": 9, "CULL_FREQUENCY": 0}
        cache = UndercroftCache(f"django@{TCP}", {"OPTIONS": options})
        self.assertEqual(cache._client._options.reply_timeout, 0.5)

    def test_shared_client(self):
        """backends with the same settings share connections, with others they do not"""
        first, second = (UndercroftCache(f"django@{TCP}", {}) for _ in range(2))
        other = UndercroftCache(f"django@{TCP}", {"OPTIONS": {"CONNECTIONS": 2}})
        self.assertIs(first._client, second._client)
        self.assertIsNot(first._client, other._client)


class Life(Case):
    def test_restart(self):
        """a restart of the server between two requests is not noticed"""
        self.cache.set("key", "value")
        tell("restart")
        self.cache.set("key", "other")
        self.assertEqual(self.cache.get("key"), "other")

    if django.VERSION >= (4, 0):

        def test_async(self):
            """the methods with a in front work"""

            async def use():
                await self.cache.aset("key", 1)
                await self.cache.aincr("key")
                return await self.cache.aget("key")

            self.assertEqual(asyncio.run(use()), 2)

    def test_with_client(self):
        """what Django counts, any client can count as well"""
        self.cache.set("n", 1)
        with Client(f"django@{TCP}") as client:
            self.assertEqual(client.incr(":1:n"), 2)
        self.assertEqual(self.cache.get("n"), 2)
