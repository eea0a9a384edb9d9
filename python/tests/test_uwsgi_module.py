"""``import uwsgi`` outside uWSGI."""

import contextlib
import importlib
import io
import os
import pickle
import subprocess
import sys
from pathlib import Path

from support import SECRET, SECRET_TCP, TCP, UNIX, ClientCase, ScriptedServer, tell

SOURCES = Path(__file__).resolve().parent.parent / "src"


class UwsgiCase(ClientCase):
    """The module, with a default cache at the server under test."""

    location = f"main@{UNIX}"
    environment: dict[str, str] = {}

    def setUp(self):
        from undercroft import uwsgi as module

        self.forget(module)
        self.set_variables({"UNDERCROFT_UWSGI": self.location, **self.environment})
        self.uwsgi = importlib.import_module("uwsgi")
        self.assertIs(self.uwsgi, module)
        self.addCleanup(self.forget, module)
        self.uwsgi.cache_clear()

    def forget(self, module):
        module._close()
        sys.modules.pop("uwsgi", None)

    def set_variables(self, values):
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)

        def restore():
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

        self.addCleanup(restore)


class Functions(UwsgiCase):
    def test_set_and_update(self):
        """cache_set stores what is absent, cache_update either way"""
        u = self.uwsgi
        self.assertIs(u.cache_set("a", "one"), True)
        self.assertIsNone(u.cache_set("a", "two"))
        self.assertEqual(u.cache_get("a"), b"one")
        self.assertIs(u.cache_update("a", "größe", 60), True)
        self.assertEqual(u.cache_get(b"a"), "größe".encode())
        self.assertIs(u.cache_update("b", b"\0\xff"), True)
        self.assertEqual(u.cache_get("b"), b"\0\xff")

    def test_exists_and_del(self):
        """cache_exists and cache_del answer True and None"""
        u = self.uwsgi
        self.assertIsNone(u.cache_exists("c"))
        u.cache_set("c", "v")
        self.assertIs(u.cache_exists("c"), True)
        self.assertIs(u.cache_del("c"), True)
        self.assertIsNone(u.cache_del("c"))
        self.assertIsNone(u.cache_get("c"))

    def test_expires(self):
        """0 is never, a positive number seconds, and a negative one is over already"""
        u = self.uwsgi
        client = self.client(f"main@{UNIX}")
        u.cache_set("never", "v", 0)
        u.cache_set("later", "v", 3600)
        self.assertEqual(client.ttl("never"), float("inf"))
        self.assertAlmostEqual(client.ttl("later"), 3600, delta=60)
        u.cache_update("later", "w", -1)
        self.assertIsNone(u.cache_get("later"))

    def test_misfits(self):
        """keys and values that do not fit are None, and nothing changes"""
        u = self.uwsgi
        u.cache_update("e", "small")
        self.assertIsNone(u.cache_update("e", bytes(65_537)))
        self.assertIsNone(u.cache_update("e", ""))
        self.assertEqual(u.cache_get("e"), b"small")
        for key in ("", "k" * 2049, "k" * 65_537):
            self.assertIsNone(u.cache_set(key, "v"))
            self.assertIsNone(u.cache_get(key))
            self.assertIsNone(u.cache_exists(key))
            self.assertIsNone(u.cache_del(key))
            self.assertIsNone(u.cache_inc(key))
            self.assertEqual(u.cache_num(key), 0)

    def test_arithmetic(self):
        """arithmetic answers True, and cache_num has the number"""
        u = self.uwsgi
        self.assertIs(u.cache_inc("n"), True)
        self.assertIs(u.cache_inc("n", 41), True)
        self.assertIs(u.cache_mul("n"), True)
        self.assertIs(u.cache_dec("n", 4), True)
        self.assertIs(u.cache_div("n"), True)
        self.assertEqual(u.cache_num("n"), 40)
        self.assertIs(u.cache_inc("big", 2**60), True)
        self.assertEqual(u.cache_num("big"), 2**60)
        self.assertIs(u.cache_div("big", 0), True)
        self.assertEqual(u.cache_num("big"), 0)
        u.cache_update("text", "no number")
        self.assertIsNone(u.cache_inc("text"))
        self.assertEqual(u.cache_num("text"), 0)
        u.cache_update("bytes", (-2).to_bytes(8, "little", signed=True))
        self.assertEqual(u.cache_num("bytes"), -2)

    def test_keys_and_clear(self):
        """cache_keys lists all keys, and cache_clear deletes them"""
        u = self.uwsgi
        for key in ("x", "y", b"\xff"):
            u.cache_set(key, "v")
        self.assertEqual(sorted(u.cache_keys()), [b"x", b"y", b"\xff"])
        self.assertIs(u.cache_clear(), True)
        self.assertEqual(u.cache_keys(), [])
        self.assertIs(u.cache_clear(), True)

    def test_wrong_types(self):
        """arguments of a wrong type are a TypeError, and too large numbers an OverflowError"""
        u = self.uwsgi
        for call in (
            lambda: u.cache_get(1),
            lambda: u.cache_set("k", 1),
            lambda: u.cache_set("k", None),
            lambda: u.cache_set("k", "v", "60"),
            lambda: u.cache_get("k", 5),
            lambda: u.cache_inc("k", "1"),
            lambda: u.cache_get(key="k"),
        ):
            self.assertRaises(TypeError, call)
        self.assertRaises(OverflowError, u.cache_inc, "k", 2**63)
        self.assertRaises(OverflowError, u.cache_set, "k", "v", 2**63)

    def test_caches(self):
        """the cache argument is a name at the server, an address, or both"""
        u = self.uwsgi
        u.cache_update("k", "in main")
        u.cache_update("k", "in django", 0, "django")
        self.assertEqual(u.cache_get("k", "django"), b"in django")
        self.assertEqual(u.cache_get("k"), b"in main")
        for elsewhere in (TCP, UNIX, f"main@{TCP}", f"@{UNIX}"):
            self.assertEqual(u.cache_get("k", elsewhere), b"in main")
        self.assertEqual(u.cache_get("k", f"django@{TCP}"), b"in django")

    def test_unknown_cache(self):
        """an unknown cache is None to everything, and a ValueError to cache_keys"""
        u = self.uwsgi
        with self.assertLogs("undercroft", "WARNING"):
            for cache in ("nowhere", f"nowhere@{TCP}", "bad@", "@"):
                self.assertIsNone(u.cache_set("k", "v", 0, cache))
                self.assertIsNone(u.cache_get("k", cache))
                self.assertIsNone(u.cache_clear(cache))
                self.assertIsNone(u.cache_inc("k", 1, 0, cache))
                self.assertEqual(u.cache_num("k", cache), 0)
                self.assertRaises(ValueError, u.cache_keys, cache)

    def test_many_caches(self):
        """however many cache arguments there are, a bounded number of clients is open"""
        u = self.uwsgi
        with self.assertLogs("undercroft", "WARNING"):
            for number in range(150):
                self.assertIsNone(u.cache_get("k", f"cache{number}"))
        self.assertLessEqual(len(u._clients), 100)
        self.assertIs(u.cache_update("k", "v"), True)

    def test_opt(self):
        """opt has the default cache, as the options of uWSGI"""
        self.assertEqual(self.uwsgi.opt["cache"], b"3000")
        self.assertIn(b"name=main,items=3000,blocksize=65536,", self.uwsgi.opt["cache2"])
        self.assertRaises(AttributeError, lambda: self.uwsgi.cache_magic)

    def test_send_message(self):
        """send_message speaks to any uwsgi server, with bytes, text and dictionaries"""
        u = self.uwsgi
        u.cache_update("foo_key", "foo_value")
        for address in (TCP, UNIX):
            for message in ("foo_key", b"foo_key"):
                self.assertEqual(b"".join(u.send_message(address, 111, 0, message)), b"foo_value")
            (reply,) = u.send_message(address, 111, 17, {"cmd": "exists", "key": b"foo_key"})
            self.assertIn(b"status", reply)
        self.assertCode("UNDERCROFT_OPTION_INVALID", u.send_message, TCP, 256, 0, "k")
        self.assertCode("UNDERCROFT_OPTION_INVALID", u.send_message, TCP, 111, 0, b"k" * 65_536)
        self.assertCode("UNDERCROFT_OPTION_INVALID", u.send_message, "nonsense", 111, 0, "k")

    def test_send_message_replies(self):
        """a reply of HTTP is whole, one of uwsgi as long as its header says, a cut one shorter"""
        replies = [b"HTTP/1.0 200 OK\r\n\r\nbody", b"\0\3\0\0abcdef", b"\0\5\0\0ab", b"\0"]
        server = ScriptedServer(self, lambda connection, index: connection.sendall(replies[index]))
        for expected in (replies[0], b"abc", b"ab", b""):
            chunks = self.uwsgi.send_message(server.address, 0, 0, {"A": "b"})
            self.assertEqual(b"".join(chunks), expected)


class FunctionsThroughTheSocket(Functions):
    """The same without shared memory."""

    environment = {"UNDERCROFT_SHARED_MEMORY": "0"}


class FunctionsWithASecret(Functions):
    """The same at a port that asks for a secret."""

    location = f"main@{SECRET_TCP}"
    environment = {"UNDERCROFT_SECRET": SECRET}


class Reads(UwsgiCase):
    def test_from_memory(self):
        """reads go to shared memory unless the environment forbids it"""
        self.uwsgi.cache_update("k", "v")
        served = self.client(f"main@{UNIX}")
        hits = served.stats()["hits"]
        self.assertEqual(self.uwsgi.cache_get("k"), b"v")
        self.assertEqual(served.stats()["hits"], hits)
        self.forget(self.uwsgi)
        self.set_variables({"UNDERCROFT_SHARED_MEMORY": "0"})
        self.assertEqual(self.uwsgi.cache_get("k"), b"v")
        self.assertEqual(served.stats()["hits"], hits + 1)


class Down(UwsgiCase):
    def test_down(self):
        """a server that is down is a miss that is logged once, and is used again when it is back"""
        u = self.uwsgi
        u.cache_update("k", "v")
        tell("stop")
        with self.assertLogs("undercroft", "WARNING") as log:
            for _ in range(3):
                self.assertIsNone(u.cache_update("k", "w"))
                self.assertIsNone(u.cache_get("k"))
                self.assertEqual(u.opt, {})
            tell("start")
            while u.cache_get("k") is None:
                pass
        self.assertEqual(len(log.output), 2, log.output)
        self.assertRegex(log.output[0], "every value counts as missing")
        self.assertRegex(log.output[1], "answers again")


class Importing(UwsgiCase):
    def run_python(self, code, **environment):
        kept = {name: value for name, value in os.environ.items() if "UNDERCROFT" not in name}
        env = {**kept, "PYTHONPATH": str(SOURCES), **environment}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    def test_without_address(self):
        """without an address the import fails, as it does where there is no uWSGI"""
        result = self.run_python("import uwsgi")
        self.assertRegex(result.stderr, "ImportError: .* set UNDERCROFT_UWSGI to its address")

    def test_bad_address(self):
        """an address that is none is the error of the first call"""
        result = self.run_python(
            "import uwsgi; uwsgi.cache_get('k')", UNDERCROFT_UWSGI="main@nonsense"
        )
        self.assertRegex(result.stderr, "UndercroftError: a location must be .*nonsense")

    def test_article(self):
        """the class Cache of the article runs unchanged, in two processes on one cache"""
        code = (
            f"import sys; sys.path.append({str(SOURCES.parent / 'tests')!r})\n"
            "from article_cache import Cache\n"
            "cache = Cache()\n"
            "print(cache.get('user'))\n"
            "cache.set('user', {'name': 'Ada'}); cache.set('user', {'name': 'Ада', 'n': 2})\n"
            "print(cache.get('user'))\n"
        )
        variables = {"UNDERCROFT_UWSGI": self.location, "PYTHONIOENCODING": "utf-8"}
        first = self.run_python(code, **variables)
        self.assertEqual(first.stderr, "")
        after = {"name": "Ада", "n": 2}
        self.assertEqual(first.stdout.split("\n")[:3], ["USE CACHE UWSGI", "None", str(after)])
        second = self.run_python(code, **variables)
        self.assertEqual(second.stdout.split("\n")[:3], ["USE CACHE UWSGI", str(after), str(after)])
        self.assertEqual(pickle.loads(self.uwsgi.cache_get("user")), after)

    def test_article_here(self):
        """and its None deletes"""
        from article_cache import Cache

        with contextlib.redirect_stdout(io.StringIO()) as output:
            cache = Cache()
        self.assertEqual(output.getvalue(), "USE CACHE UWSGI\n")
        cache.set("k", [1])
        self.assertEqual(cache.get("k"), [1])
        cache.set("k", None)
        self.assertIsNone(cache.get("k"))
