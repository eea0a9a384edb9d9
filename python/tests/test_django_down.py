"""The Django backend without its server, and with values it cannot read: misses, not errors."""

import logging
import os
import signal
import threading
import time
import unittest

from django.core.exceptions import ImproperlyConfigured
from django_case import Case, fresh_cache
from support import UNIX, ScriptedServer, read_request, reply, tell
from undercroft import Client, UndercroftError
from undercroft.health import FIRST_DELAY, LONGEST_DELAY, LONGEST_TRIAL, Health

NOWHERE = "django@/nonexistent/undercroft.sock"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class NoServer(unittest.TestCase):
    def setUp(self):
        self.cache = self.fresh(NOWHERE)

    def fresh(self, location, **options):
        return fresh_cache(location, **{"SERIALIZER": "pickle", **options})

    def test_misses(self):
        """without a server everything is a miss or not stored, and no error"""
        cache = self.cache
        with self.assertLogs("undercroft", "WARNING"):
            self.assertIsNone(cache.get("key"))
        self.assertEqual(cache.get("key", "default"), "default")
        self.assertEqual(cache.get_many(["a", "b"]), {})
        self.assertIsNone(cache.set("key", "value"))
        self.assertIsNone(cache.set("key", "value", 0))
        self.assertIs(cache.add("key", "value"), False)
        self.assertIs(cache.add("key", "value", 0), False)
        self.assertEqual(cache.set_many({"a": 1, "b": 2}), ["a", "b"])
        self.assertEqual(cache.set_many({"a": 1, "b": 2}, 0), [])
        self.assertIs(cache.touch("key"), False)
        self.assertIs(cache.delete("key"), False)
        self.assertIsNone(cache.delete_many(["a", "b"]))
        self.assertIs(cache.has_key("key"), False)
        self.assertIs("key" in cache, False)
        self.assertEqual(cache.get_or_set("key", lambda: "made"), "made")
        for count in (cache.incr, cache.decr, cache.incr_version):
            with self.assertRaisesRegex(ValueError, "not found"):
                count("key")

    def test_clear(self):
        """clear is an error, because nothing but an error could say that nothing was cleared"""
        self.assertRaises(UndercroftError, self.cache.clear)

    def test_programmers_errors(self):
        """what cannot be stored is the same error as with a server"""
        for store in (self.cache.set, self.cache.add, lambda k, v: self.cache.set_many({k: v})):
            self.assertRaises((TypeError, AttributeError), store, "key", lambda: None)
        with self.assertRaises(TypeError):
            self.cache.incr("key", 1.5)

    def test_logged_and_counted(self):
        """the log has one line, and the counters have every call"""
        with self.assertLogs("undercroft", "WARNING") as logged:
            for _ in range(20):
                self.cache.get("key")
        self.assertEqual(len(logged.records), 1, logged.output)
        self.assertIn("is the server up?", logged.output[0])
        self.assertIn("counts as missing", logged.output[0])
        counts = self.cache.counts()
        self.assertEqual(counts["failed"] + counts["skipped"], 20)
        self.assertGreaterEqual(counts["failed"], 1)
        self.assertGreater(counts["skipped"], 10)

    @unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
    def test_fork(self):
        """a forked process has counters of its own, and no lock that its parent held"""
        with self.assertLogs("undercroft", "WARNING"):
            self.cache.get("key")
        health = self.cache._server.health
        with health._lock:
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    signal.alarm(10)
                    logging.disable()
                    found = self.cache.get("key"), self.cache.counts()["failed"]
                    status = 0 if found == (None, 1) else 2
                finally:
                    os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertIs(self.cache._server.health, health)

    def test_loud(self):
        """with FAIL_SILENTLY False each call is an error"""
        cache = self.fresh(NOWHERE, FAIL_SILENTLY=False)
        for _ in range(3):
            self.assertRaises(UndercroftError, cache.get, "key")
            self.assertRaises(UndercroftError, cache.set, "key", 1)
            self.assertRaises(UndercroftError, cache.incr, "key")

    def test_option(self):
        """FAIL_SILENTLY is True or False, and not a string that means False"""
        for value in ("False", 0, None):
            with self.assertRaisesRegex(ImproperlyConfigured, "FAIL_SILENTLY"):
                self.fresh(NOWHERE, FAIL_SILENTLY=value)

    def test_hanging_server(self):
        """a server that does not answer costs one timeout, not one for each call"""
        release = threading.Event()
        self.addCleanup(release.set)
        server = ScriptedServer(self, lambda connection, _: release.wait(10))
        cache = self.fresh(f"django@{server.address}", REPLY_TIMEOUT=0.2)
        begin = time.monotonic()
        with self.assertLogs("undercroft", "WARNING"):
            for _ in range(50):
                self.assertIsNone(cache.get("key"))
        self.assertLess(time.monotonic() - begin, 2)

    def test_impostor(self):
        """a server that does not know the secret is a miss, and gets no value"""
        seen = []

        def lie(connection, _):
            seen.append(read_request(connection))
            connection.sendall(reply(status="ok", keep="1", challenge="c" * 32))
            seen.append(read_request(connection))
            connection.sendall(reply(status="ok", keep="1", proof="p" * 32))
            seen.append(read_request(connection))

        server = ScriptedServer(self, lie)
        cache = self.fresh(f"django@{server.address}", SECRET="the secret of the tests")
        with self.assertLogs("undercroft", "WARNING") as logged:
            cache.set("key", "value")
            self.assertIsNone(cache.get("key"))
        self.assertIn("does not know the secret", logged.output[0])
        commands = {fields[b"cmd"] for fields in seen if fields}
        self.assertEqual(commands, {b"challenge", b"login"})

    def test_unknown_cache(self):
        """a cache that the server does not have is a miss that is logged"""
        cache = self.fresh(f"nothing@{UNIX}")
        with self.assertLogs("undercroft", "WARNING") as logged:
            self.assertIsNone(cache.get("key"))
        self.assertIn("no cache of this name", logged.output[0])

    def test_nonsense(self):
        """so is a server that talks nonsense, or refuses to store"""

        def script(connection, _):
            fields = read_request(connection)
            reading = fields.get(b"cmd") == b"get"
            connection.sendall(b"HTTP/1.1 400" if reading else reply(status="refused", reason="busy"))

        cache = self.fresh(f"django@{ScriptedServer(self, script).address}")
        with self.assertLogs("undercroft", "WARNING"):
            self.assertIsNone(cache.get("key"))
        with self.assertLogs("undercroft", "WARNING"):
            cache.set("key", "value")
        with self.assertLogs("undercroft", "WARNING"):
            self.assertIs(cache.add("key", "value"), False)


class Recovery(Case):
    def test_stop_and_start(self):
        """a server that stopped is a miss, and is used again soon after it has started"""
        cache = fresh_cache(f"django@{UNIX}")
        cache.set("key", "value")
        tell("stop")
        try:
            with self.assertLogs("undercroft", "WARNING"):
                self.assertIsNone(cache.get("key"))
            cache.set("key", "lost")
        finally:
            tell("start")
        with self.assertLogs("undercroft", "WARNING") as logged:
            end = time.monotonic() + 10
            while cache.get("key") != "value":
                self.assertLess(time.monotonic(), end, "the server is not asked again")
                time.sleep(0.005)
        self.assertIn("answers again", logged.output[-1])
        cache.set("key", "new")
        self.assertEqual(cache.get("key"), "new")


class BackOff(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.health = Health(self.clock)

    def test_doubles(self):
        """the delay doubles with each failure up to a limit, and one success ends it"""
        health, delays = self.health, []
        self.assertTrue(health.failed(health.begin()))
        for _ in range(12):
            begin = self.clock.now
            while (ticket := health.begin()) is None:
                self.clock.now += FIRST_DELAY / 10
            delays.append(self.clock.now - begin)
            self.assertFalse(health.failed(ticket))
        for delay, expected in zip(delays, (FIRST_DELAY * 2**power for power in range(12))):
            self.assertAlmostEqual(delay, min(expected, LONGEST_DELAY), delta=FIRST_DELAY / 5)
        self.clock.now += LONGEST_DELAY
        self.assertTrue(health.succeeded(health.begin()))
        self.assertFalse(health.succeeded(health.begin()))
        self.assertTrue(health.failed(health.begin()))
        self.clock.now += FIRST_DELAY
        self.assertIsNotNone(health.begin())

    def test_one_trial(self):
        """while one call tries the server, all others are skipped"""
        health = self.health
        health.failed(health.begin())
        self.clock.now += FIRST_DELAY
        trial = health.begin()
        self.assertIsNone(health.begin())
        self.clock.now += LONGEST_TRIAL - 1
        self.assertIsNone(health.begin())
        health.undecided(trial)
        self.assertIsNotNone(health.begin(), "a trial that ended otherwise makes room for the next")
        self.clock.now += LONGEST_TRIAL
        self.assertIsNotNone(health.begin(), "and one that never ended does not last for ever")

    def test_stragglers(self):
        """calls that began before the failure say nothing about the server after it"""
        health = self.health
        early = [health.begin() for _ in range(8)]
        self.assertTrue(health.failed(early.pop()))
        for ticket in early[:4]:
            self.assertFalse(health.failed(ticket))
        for ticket in early[4:]:
            self.assertFalse(health.succeeded(ticket))
        self.assertIsNone(health.begin())
        self.clock.now += FIRST_DELAY
        self.assertIsNotNone(health.begin(), "and do not make the delay longer")


class Undecodable(Case):
    def setUp(self):
        super().setUp()
        self.raw = Client(f"django@{UNIX}")
        self.addCleanup(self.raw.close)
        self.cache = fresh_cache(f"django@{UNIX}", SERIALIZER="json")

    def test_miss(self):
        """a value that the serializer cannot read is a miss, logged once and counted"""
        with self.assertLogs("undercroft", "WARNING") as logged:
            for data in (b"{", b"\xff\xfe\xfd", b"\x80\x05N.", b"[" * 50_000):
                self.raw.set(":1:key", data)
                self.assertEqual(self.cache.get("key", "missed"), "missed")
                self.assertEqual(self.cache.get_many(["key"]), {})
        self.assertEqual(len(logged.records), 1)
        self.assertIn("JSONDecodeError", logged.output[0])
        self.assertEqual(self.cache.counts()["undecodable"], 8)

    def test_class_that_is_gone(self):
        """so is a signed pickle of a class that was removed"""
        cache = fresh_cache(f"django@{UNIX}")
        module = __import__("test_django_down")
        gone = module.Gone = type("Gone", (), {"__module__": module.__name__})
        cache.set("key", gone())
        del module.Gone
        with self.assertLogs("undercroft", "WARNING"):
            self.assertIsNone(cache.get("key"))

    def test_get_or_set(self):
        """get_or_set replaces a value that cannot be read, which add leaves there"""
        self.raw.set(":1:key", b"{")
        with self.assertLogs("undercroft", "WARNING"):
            self.assertEqual(self.cache.get_or_set("key", lambda: "made"), "made")
        self.assertEqual(self.cache.get("key"), "made")
        self.assertIs(self.cache.add("key", "other"), False)
