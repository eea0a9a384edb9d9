"""The Django backend: versions, keys, serializers, settings, and what happens without room."""

import asyncio
import unittest
import warnings

import django
from django.core.cache import caches
from django.core.cache.backends.base import CacheKeyWarning
from django.core.exceptions import ImproperlyConfigured
from django_case import Case, fresh_cache
from support import UNIX, tell
from undercroft import Client
from undercroft.django import UndercroftCache


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
            ("main@/path", {"CONNECTIONS": 0}, "connections"),
            ("main@h:1", {"SERIALIZER": int}, "dumps and loads"),
            ("main@h:1", {"SECRET": "short"}, "secret must be"),
        ):
            with self.assertRaisesRegex(ImproperlyConfigured, message):
                UndercroftCache(location, {"OPTIONS": options})

    def test_options(self):
        """options reach the client, and MAX_ENTRIES and CULL_FREQUENCY change nothing"""
        options = {"REPLY_TIMEOUT": 0.5, "CONNECTIONS": 2, "MAX_ENTRIES": 9, "CULL_FREQUENCY": 0}
        cache = UndercroftCache(f"django@{UNIX}", {"OPTIONS": options})
        self.assertEqual(cache._client._options.reply_timeout, 0.5)
        values = {f"key{number}": number for number in range(50)}
        self.assertEqual(cache.set_many(values), [])
        self.assertEqual(cache.get_many(values), values)

    def test_shared_client(self):
        """backends with the same settings share connections, with others they do not"""
        first, second = (UndercroftCache(f"django@{UNIX}", {}) for _ in range(2))
        other = UndercroftCache(f"django@{UNIX}", {"OPTIONS": {"CONNECTIONS": 2}})
        self.assertIs(first._client, second._client)
        self.assertIsNot(first._client, other._client)


class Life(Case):
    def test_restart(self):
        """a restart of the server between two requests is not noticed"""
        self.cache.set("key", "value")
        tell("restart")
        self.cache.set("key", "other")
        self.assertEqual(self.cache.get("key"), "other")

    def test_with_client(self):
        """what Django counts, any client can count as well"""
        self.cache.set("n", 1)
        with Client(f"django@{UNIX}") as client:
            self.assertEqual(client.incr(":1:n"), 2)
        self.assertEqual(self.cache.get("n"), 2)


class Async(Case):
    def test_methods(self):
        """the methods with a in front do what the others do"""

        async def use(cache):
            await cache.aset("key", "value", 60)
            self.assertEqual(await cache.aget("key"), "value")
            self.assertIs(await cache.aadd("key", "other"), False)
            self.assertIs(await cache.ahas_key("key"), True)
            self.assertIs(await cache.atouch("key", 30), True)
            self.assertEqual(await cache.aset_many({"a": 1, "b": [2]}), [])
            self.assertEqual(await cache.aget_many(["a", "b", "c"]), {"a": 1, "b": [2]})
            self.assertEqual(await cache.aincr("a"), 2)
            self.assertEqual(await cache.adecr("a", 2), 0)
            self.assertEqual(await cache.aincr_version("key"), 2)
            self.assertEqual(await cache.aget("key", version=2), "value")
            self.assertEqual(await cache.aget_or_set("key", lambda: "made"), "made")
            self.assertIs(await cache.adelete("key"), True)
            await cache.adelete_many(["a", "b"])
            await cache.aset("key", "value", 0)
            self.assertEqual(await cache.aget("key", "default"), "default")
            await cache.aset("key", "value")
            await cache.aclear()
            self.assertIs(await cache.ahas_key("key"), False)
            await cache.aclose()

        for alias in ("default", "json"):
            asyncio.run(use(caches[alias]))

    def test_at_once(self):
        """many of them at once get each its own reply"""

        async def one(number):
            await self.cache.aset(f"key{number}", [number])
            return await self.cache.aget(f"key{number}")

        async def all_of_them():
            return await asyncio.gather(*(one(number) for number in range(50)))

        self.assertEqual(asyncio.run(all_of_them()), [[number] for number in range(50)])

    def test_unreadable(self):
        """aget_or_set replaces what cannot be read, as get_or_set does"""
        self.cache._client.set(":1:key", b"somebody was here")

        async def use():
            with self.assertLogs("undercroft", "DEBUG"):
                return await self.cache.aget_or_set("key", lambda: ["made"])

        self.assertEqual(asyncio.run(use()), ["made"])
        self.assertEqual(self.cache.get("key"), ["made"])

    def test_without_server(self):
        """without a server they miss"""
        cache = fresh_cache("django@/nonexistent/undercroft.sock")

        async def use():
            await cache.aset("key", "value")
            return await cache.aget("key", "default"), await cache.aget_many(["key"])

        with self.assertLogs("undercroft", "WARNING"):
            self.assertEqual(asyncio.run(use()), ("default", {}))


if django.VERSION < (4, 0):
    del Async  # it lacks these methods, which is nothing to skip and to be warned of
