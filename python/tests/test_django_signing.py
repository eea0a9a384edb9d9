"""The Django backend does not unpickle what it did not store, so no writer of the cache runs code.

The planted pickles are written by a plain client, as any process that reaches the server could.
"""

import builtins
import logging
import pickle
import types

from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django_case import Case, fresh_cache
from support import SECRET, SECRET_TCP, TCP, UNIX, ClientCase
from undercroft import Client
from undercroft.django import JSONSerializer, PickleSerializer, UndercroftCache
from undercroft.serializers import make_serializer
from undercroft.signing import Signer


class Planted:
    """A pickle that leaves a trace in the process that loads it."""

    def __reduce__(self):
        return exec, ("import builtins; builtins.planted = True",)


PLANTED = pickle.dumps(Planted(), 0)
"""Of protocol 0, so that it is ASCII and could be a user's text."""


class SignedCase(Case):
    def setUp(self):
        super().setUp()
        builtins.planted = False
        self.raw = Client(f"django@{UNIX}")
        self.addCleanup(self.raw.close)
        logger = logging.getLogger("undercroft")
        self.records = []
        handler = logging.Handler()
        handler.emit = self.records.append
        logger.addHandler(handler)  # and nothing reaches stderr
        self.addCleanup(logger.removeHandler, handler)

    def warnings(self):
        return [record.getMessage() for record in self.records if record.levelno >= logging.WARNING]

    def assertMiss(self, key, cache=None):
        cache = cache or self.cache
        self.assertEqual(cache.get(key, "missed"), "missed")
        self.assertEqual(cache.get_many([key]), {})
        self.assertFalse(builtins.planted, "the planted pickle ran")


class Signatures(SignedCase):
    def test_unsigned(self):
        """a pickle that another client planted is a miss and does not run"""
        self.raw.set(":1:key", PLANTED)
        self.assertMiss("key")

    def test_unsigned_in_signed(self):
        """nor does one with any 32 bytes before it, or behind the signature of another value"""
        self.cache.set("key", ["value"])
        signed = self.raw.get(":1:key")
        for data in (bytes(32) + PLANTED, signed[:32] + PLANTED, signed + PLANTED, signed[:31],
                     signed[:32], PLANTED[:9], b"x"):
            self.raw.set(":1:key", data)
            self.assertMiss("key")

    def test_every_bit(self):
        """a change of any byte of a stored value makes it a miss"""
        self.cache.set("key", "value")
        signed = self.raw.get(":1:key")
        for position in range(len(signed)):
            changed = bytearray(signed)
            changed[position] ^= 1
            self.raw.set(":1:key", changed)
            self.assertMiss("key")
        self.raw.set(":1:key", signed)
        self.assertEqual(self.cache.get("key"), "value")

    def test_moved(self):
        """a signed value is a miss at another key, version or prefix"""
        self.cache.set("key", "value")
        signed = self.raw.get(":1:key")
        for key in (":1:other", ":2:key", "prefix:1:key"):
            self.raw.set(key, signed)
        self.assertMiss("other")
        self.assertMiss("key", caches["v2"])
        self.assertMiss("key", caches["prefix"])
        self.assertEqual(self.cache.get("key"), "value")

    def test_moved_by_django(self):
        """incr_version moves a value with its signature made for the new key"""
        self.cache.set("key", ["value"])
        self.cache.incr_version("key")
        self.assertEqual(self.cache.get("key", version=2), ["value"])

    def test_key_and_value_do_not_run_together(self):
        """bytes cannot be moved from the end of the key to the beginning of the value"""
        signer = Signer([b"key"], "test")
        signed = signer.sign(b"ab", b"cd")
        self.assertEqual(signer.open(b"ab", signed), b"cd")
        self.assertIsNone(signer.open(b"a", signed[:32] + b"bcd"))

    def test_integers_are_plain(self):
        """integers carry no signature, so that any client can count with them"""
        self.cache.set("n", 41)
        self.assertEqual(len(self.raw.get(":1:n")), 8)
        self.assertEqual(self.raw.incr(":1:n"), 42)
        self.assertEqual(self.cache.get("n"), 42)

    def test_warned_once(self):
        """the log warns once and says what to do, and the counter has every case"""
        cache = fresh_cache(f"django@{UNIX}")
        for key in ("a", "b"):
            self.raw.set(f":1:{key}", PLANTED)
            self.assertMiss(key, cache)
        (warning,) = self.warnings()
        self.assertIn("SECRET_KEY_FALLBACKS", warning)
        self.assertIn("clear the cache", warning)
        self.assertEqual(cache.counts()["unsigned"], 4)

    def test_unix_socket(self):
        """it is the same at a Unix socket"""
        self.cache = caches["unix"]
        self.raw.set(":1:key", PLANTED)
        self.assertMiss("key")
        self.cache.set("key", "value")
        self.assertEqual(self.raw.get(":1:key")[32:], pickle.dumps("value", -1))


class SecretKeys(SignedCase):
    def fresh(self):
        return UndercroftCache(f"django@{UNIX}", {})

    def test_other_key(self):
        """a value of another SECRET_KEY is a miss"""
        self.cache.set("key", "value")
        with override_settings(SECRET_KEY="another key"):
            self.assertMiss("key", self.fresh())

    def test_fallbacks(self):
        """keys of SECRET_KEY_FALLBACKS read, and the SECRET_KEY alone writes"""
        self.cache.set("key", "value")
        old = "the key of these settings"
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", old]):
            cache = self.fresh()
            self.assertEqual(cache.get("key"), "value")
            cache.set("key", "new value")
        self.assertMiss("key")
        with override_settings(SECRET_KEY=b"new", SECRET_KEY_FALLBACKS=[]):
            self.assertEqual(self.fresh().get("key"), "new value")

    def test_no_key(self):
        """a key that is empty or not a string, which an attacker can guess, is refused"""
        for wrong in (
            {"SECRET_KEY": ""},
            {"SECRET_KEY": 7},
            {"SECRET_KEY_FALLBACKS": [""]},
            {"SECRET_KEY_FALLBACKS": [None]},
            {"SECRET_KEY_FALLBACKS": "text"},
        ):
            with override_settings(**wrong), self.assertRaisesRegex(
                ImproperlyConfigured, "SECRET_KEY"
            ):
                self.fresh().set("key", "value")

    def test_json_needs_none(self):
        """JSON is not signed, and needs no SECRET_KEY"""
        with override_settings(SECRET_KEY=""):
            cache = UndercroftCache(f"django@{UNIX}", {"OPTIONS": {"SERIALIZER": "json"}})
            cache.set("key", [1])
            self.assertEqual(cache.get("key"), [1])
        self.assertEqual(self.raw.get(":1:key"), b"[1]")


class OwnSerializers(SignedCase):
    def test_signed_too(self):
        """values of the project's own serializer are signed, and so is pickle under another name"""
        self.raw.set(":1:key", PLANTED)
        path = "undercroft.django.PickleSerializer"
        for given in (pickle, PickleSerializer, PickleSerializer(), "pickle", path):
            cache = UndercroftCache(f"django@{UNIX}", {"OPTIONS": {"SERIALIZER": given}})
            self.assertMiss("key", cache)
            cache.set("other", ("value",))
            self.assertEqual(cache.get("other"), ("value",))

    def test_opting_out(self):
        """a serializer can declare that its values need no signature"""

        class Safe(JSONSerializer):
            pass

        class Signed(JSONSerializer):
            is_signed = True

        for given, is_read in ((Safe, True), (Signed, False)):
            cache = UndercroftCache(f"django@{UNIX}", {"OPTIONS": {"SERIALIZER": given}})
            self.raw.set(":1:key", b"[1]")
            self.assertEqual(cache.get("key"), [1] if is_read else None)
            cache.set("key", [2])
            self.assertEqual(cache.get("key"), [2])

    def test_no_exchange(self):
        """one serializer does not load what another stored, which can be the text of a user"""
        caches["spaces"].set("key", PLANTED.decode())
        self.assertMiss("key")
        module = types.ModuleType("some_serializer")
        module.dumps, module.loads = bytes, bytes
        self.assertIs(make_serializer(module), module)
        cache = UndercroftCache(f"django@{UNIX}", {"OPTIONS": {"SERIALIZER": module}})
        cache.set("key", PLANTED)
        self.assertEqual(cache.get("key"), PLANTED)
        self.assertMiss("key")


class TcpNeedsASecret(ClientCase):
    def test_refused(self):
        """a host and a port need a secret or a choice of the serializer, loopback too"""
        for options in ({}, {"SECRET": None}, {"SERIALIZER": None}, {"CONNECTIONS": 2}):
            for location in (f"django@{TCP}", "@cache.example:3031", "django@[::1]:3031"):
                with self.assertRaisesRegex(ImproperlyConfigured, "SECRET.*SERIALIZER"):
                    UndercroftCache(location, {"OPTIONS": options})

    def test_taken(self):
        """with either it is taken, and a Unix socket needs neither"""
        for location, options in (
            (f"django@{SECRET_TCP}", {"SECRET": SECRET}),
            (f"django@{TCP}", {"SERIALIZER": "pickle"}),
            (f"django@{TCP}", {"SERIALIZER": "json"}),
            (f"django@{UNIX}", {}),
        ):
            cache = UndercroftCache(location, {"OPTIONS": options})
            cache.set("key", "value")
            self.assertEqual(cache.get("key"), "value")
