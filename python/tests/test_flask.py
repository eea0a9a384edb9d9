"""The backends for cachelib and Flask-Caching."""

from flask import Flask
from flask_caching import Cache
from support import SECRET, SECRET_TCP, UNIX, ClientCase, tell
from undercroft.cachelib import UndercroftCache

KEY = "the key of the application"


class CachelibCase(ClientCase):
    options: dict[str, object] = {}

    def setUp(self):
        self.client(f"django@{UNIX}").clear()

    def cache(self, location=f"django@{UNIX}", **given):
        cache = UndercroftCache(location, **{"secret_key": KEY, **self.options, **given})
        self.addCleanup(cache.close)
        return cache


class Cachelib(CachelibCase):
    def test_values(self):
        """values of all types come back, with the timeout that was asked for"""
        cache = self.cache(default_timeout=100)
        client = self.client(f"django@{UNIX}")
        for value in (0, -1, 2**70, True, None, "größe", b"", b"\0", [1, {"a": (2, 3)}], 1.5):
            self.assertIs(cache.set("k", value), True)
            self.assertEqual(cache.get("k"), value)
            self.assertIs(type(cache.get("k")), type(value))
        self.assertAlmostEqual(client.ttl("k"), 100, delta=10)
        cache.set("k", 1, 0)
        self.assertEqual(client.ttl("k"), float("inf"))
        cache.set("k", 1, 1000)
        self.assertAlmostEqual(client.ttl("k"), 1000, delta=100)

    def test_methods(self):
        """add, has, delete and clear answer as cachelib says"""
        cache = self.cache()
        self.assertIs(cache.add("k", 1), True)
        self.assertIs(cache.add("k", 2), False)
        self.assertEqual(cache.get("k"), 1)
        self.assertIs(cache.has("k"), True)
        self.assertIs(cache.delete("k"), True)
        self.assertIs(cache.delete("k"), False)
        self.assertIs(cache.has("k"), False)
        cache.set("k", 1)
        self.assertIs(cache.clear(), True)
        self.assertIsNone(cache.get("k"))

    def test_many(self):
        """the methods for several keys give lists in their order"""
        cache = self.cache()
        self.assertEqual(cache.set_many({"a": 1, "b": [2]}), ["a", "b"])
        self.assertEqual(cache.get_many("b", "none", "a"), [[2], None, 1])
        self.assertEqual(cache.get_dict("a", "none"), {"a": 1, "none": None})
        self.assertEqual(cache.delete_many("a", "none", "b"), ["a", "b"])

    def test_counters(self):
        """inc and dec begin at 0, and refuse what is no integer"""
        cache = self.cache()
        self.assertEqual([cache.inc("n"), cache.inc("n", 9), cache.dec("n", 4)], [1, 10, 6])
        self.assertEqual(cache.get("n"), 6)
        cache.set("text", "x")
        self.assertRaises(TypeError, cache.inc, "text")

    def test_prefix(self):
        """a prefix separates two programs at one cache"""
        first, second = self.cache(key_prefix="1:"), self.cache(key_prefix="2:")
        first.set("k", "one")
        self.assertIsNone(second.get("k"))
        self.assertEqual(first.get_many("k"), ["one"])
        self.assertEqual(self.cache().get("1:k"), "one")

    def test_signed(self):
        """a value of another key or program is a miss, is counted, and is logged once"""
        cache = self.cache()
        self.cache(secret_key="another key").set("k", "v")
        with self.assertLogs("undercroft", "WARNING") as log:
            self.assertEqual([cache.get("k"), *cache.get_many("k")], [None, None])
        self.assertEqual(len(log.output), 1)
        self.assertEqual(cache.counts()["unsigned"], 2)
        for wrong in (None, "", 5):
            self.assertCode("UNDERCROFT_OPTION_INVALID", self.cache, secret_key=wrong)

    def test_too_large(self):
        """what finds no room is False, is logged, and the old value is gone"""
        cache = self.cache()
        cache.set("k", "v")
        with self.assertLogs("undercroft", "WARNING"):
            self.assertIs(cache.set("k", bytes(70_000)), False)
            self.assertIs(cache.add("l", bytes(70_000)), False)
        self.assertIsNone(cache.get("k"))

    def test_down(self):
        """a server that is down is a miss with one line in the log, and is used again"""
        cache = self.cache()
        cache.set("k", "v")
        tell("stop")
        with self.assertLogs("undercroft", "WARNING") as log:
            self.assertIs(cache.set("k", "w"), False)
            self.assertIsNone(cache.get("k"))
            self.assertEqual(cache.get_many("k"), [None])
            self.assertIsNone(cache.inc("n"))
            self.assertIs(cache.clear(), False)
            tell("start")
            while cache.get("k") is None:
                pass
        self.assertEqual(len(log.output), 2, log.output)

    def test_secret(self):
        """at a port that asks for a secret"""
        cache = self.cache(f"django@{SECRET_TCP}", secret=SECRET)
        cache.set("k", "v")
        self.assertEqual(cache.get("k"), "v")


class CachelibInSharedMemory(Cachelib):
    """The same with reads in shared memory."""

    options = {"shared_memory": True}


class FlaskCaching(ClientCase):
    def setUp(self):
        self.client(f"django@{UNIX}").clear()

    def app(self, **config):
        app = Flask("site")
        app.secret_key = KEY
        app.config["CACHE_TYPE"] = "undercroft.flask_caching.UndercroftCache"
        app.config.update(config)
        cache = Cache(app)
        self.addCleanup(cache.cache.close)
        return app, cache

    def test_views(self):
        """cached views and memoized functions run once, in two programs"""
        calls = []
        for _ in range(2):
            app, cache = self.app(CACHE_UNDERCROFT_LOCATION=f"django@{UNIX}")

            @app.route("/")
            @cache.cached(timeout=60)
            def page():
                calls.append("page")
                return "the page"

            @cache.memoize()
            def double(number):
                calls.append(number)
                return number * 2

            with app.test_client() as web:
                self.assertEqual([web.get("/").text for _ in range(2)], ["the page"] * 2)
            with app.app_context():
                self.assertEqual([double(2), double(2), double(3)], [4, 4, 6])
        self.assertEqual(calls, ["page", 2, 3])

    def test_settings(self):
        """timeout, prefix and options are those of the configuration"""
        app, cache = self.app(
            CACHE_UNDERCROFT_LOCATION=f"django@{UNIX}",
            CACHE_DEFAULT_TIMEOUT=50,
            CACHE_KEY_PREFIX="site:",
            CACHE_OPTIONS={"shared_memory": True},
        )
        with app.app_context():
            cache.set("k", "v")
            self.assertEqual(cache.get("k"), "v")
            self.assertEqual(cache.delete_many("none", "k"), ["k"])
            cache.set("k", "v")
        self.assertAlmostEqual(self.client(f"django@{UNIX}").ttl("site:k"), 50, delta=10)

    def test_missing_settings(self):
        """without a location or a SECRET_KEY there is no cache"""
        self.assertCode("UNDERCROFT_OPTION_INVALID", self.app)
        location = f"django@{UNIX}"
        app = Flask("site")
        app.config["CACHE_TYPE"] = "undercroft.flask_caching.UndercroftCache"
        app.config["CACHE_UNDERCROFT_LOCATION"] = location
        self.assertCode("UNDERCROFT_OPTION_INVALID", Cache, app)
