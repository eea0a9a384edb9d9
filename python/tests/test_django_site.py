"""A Django site on the backend: the cache of pages and fragments, and sessions, in each setting."""

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

from django.core.cache import caches
from django.core.management import call_command
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client as Browser
from django.test import override_settings
from django_case import Case

PER_SITE = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
SESSIONS = ["django.contrib.sessions.middleware.SessionMiddleware"]


class SiteCase(Case):
    def browser(self, middleware=(), **settings):
        """One that raises what would be a page with the status 500."""
        override = override_settings(
            MIDDLEWARE=list(middleware),
            ROOT_URLCONF="django_site",
            ALLOWED_HOSTS=["testserver"],
            DEFAULT_CHARSET="utf-8",
            **settings,
        )
        override.enable()
        self.addCleanup(override.disable)
        return Browser()

    @contextmanager
    def outage(self):
        """What is logged of the server that is down does not reach stderr."""
        caches["down"]._server.health.__init__()
        with self.assertLogs("undercroft", "WARNING"):
            yield


class Pages(SiteCase):
    def assertCached(self, browser, path):
        first, second = browser.get(path), browser.get(path)
        self.assertIn(first.status_code, (200, 404))
        self.assertEqual(second.content, first.content, path)
        for response in (first, second):
            for name in ("Date", "Age"):
                response.headers.pop(name, None)
        self.assertEqual(dict(second.headers), dict(first.headers))
        self.assertEqual(second.cookies.output(), first.cookies.output())
        self.assertEqual(
            (second.status_code, second.reason_phrase, second.charset),
            (first.status_code, first.reason_phrase, first.charset),
        )
        return second

    def test_per_site(self):
        """the middleware caches the pages of a site, pickled and as JSON"""
        for alias in ("default", "json"):
            browser = self.browser(PER_SITE, CACHE_MIDDLEWARE_ALIAS=alias)
            for name in ("plain", "rich", "template", "json"):
                self.assertCached(browser, f"/{name}/")
            self.assertEqual(browser.get("/rich/").cookies["taste"].value, "sweet; sour")
            missing = browser.get("/missing/")
            self.assertEqual(missing.status_code, 404)
            self.assertNotEqual(browser.get("/missing/").content, missing.content)
            caches[alias].clear()

    def test_conditional(self):
        """a cached page answers conditional requests and HEAD"""
        for alias in ("default", "json"):
            browser = self.browser(PER_SITE, CACHE_MIDDLEWARE_ALIAS=alias)
            tag = browser.get("/plain/")["ETag"]
            self.assertEqual(browser.get("/plain/", HTTP_IF_NONE_MATCH=tag).status_code, 304)
            self.assertEqual(browser.head("/plain/").status_code, 200)
            caches[alias].clear()

    def test_cache_page(self):
        """so does the decorator cache_page"""
        browser = self.browser()
        for alias in ("default", "json"):
            for name in ("plain", "rich", "template", "json"):
                self.assertCached(browser, f"/paged/{alias}/{name}/")

    def test_template_fragment(self):
        """the tag cache keeps a fragment, escaped once"""
        browser = self.browser()
        for alias in ("default", "json"):
            first = browser.get(f"/fragment/?alias={alias}").content
            self.assertTrue(first.startswith(b"&lt;b&gt; &amp; "), first)
            self.assertEqual(browser.get(f"/fragment/?alias={alias}").content, first)
            caches[alias].clear()

    def test_without_server(self):
        """without the server all of these are made and delivered"""
        browser = self.browser(PER_SITE, CACHE_MIDDLEWARE_ALIAS="down")
        with self.outage():
            for path in ("/plain/", "/template/", "/paged/down/plain/", "/fragment/?alias=down"):
                first, second = browser.get(path), browser.get(path)
                self.assertEqual((first.status_code, second.status_code), (200, 200), path)
                self.assertNotEqual(first.content, second.content)

    def test_planted(self):
        """a page whose stored bytes were changed is made again, without an error"""
        for alias in ("default", "json"):
            browser = self.browser(PER_SITE, CACHE_MIDDLEWARE_ALIAS=alias)
            first = browser.get("/plain/").content
            client = caches[alias]._client
            for key in list(client.keys()):
                client.set(key, b"somebody was here")
            with self.assertLogs("undercroft", "DEBUG"):
                self.assertNotEqual(browser.get("/plain/").content, first)
            caches[alias].clear()


class ResponsesAsJson(Case):
    alias = "json"

    def test_readable(self):
        """a page is JSON that others can read, with text as text"""
        self.cache.set("page", HttpResponse("ü", status=201))
        self.assertEqual(
            json.loads(self.cache._client.get(":1:page")),
            {
                "django.http.HttpResponse": {
                    "status": 201,
                    "reason": None,
                    "charset": None,
                    "headers": [["Content-Type", "text/html; charset=utf-8"]],
                    "cookies": [],
                    "text": "ü",
                }
            },
        )

    def test_own_dictionary(self):
        """a dictionary that looks like a page is refused, not taken for one"""
        with self.assertRaisesRegex(TypeError, "reserved"):
            self.cache.set("key", {"django.http.HttpResponse": {}})

    def test_streaming(self):
        """what has no content to store is the programmer's error, as with pickle"""
        for alias in ("json", "default"):
            with self.assertRaises(TypeError):
                caches[alias].set("key", StreamingHttpResponse(b"x" for _ in "x"))

    def test_bent(self):
        """a response that is not whole is a miss"""
        for data in (
            b"{}", b"[]", b"7", b'{"status":200}',
            b'{"status":"x","reason":null,"charset":null,"headers":[],"cookies":[],"text":""}',
            b'{"status":200,"reason":null,"charset":null,"headers":[["A: b\\nC","d"]],"cookies":[],'
            b'"text":""}',
            b'{"status":200,"reason":null,"charset":null,"headers":[["A","b\\r\\nC: d"]],"cookies":[]'
            b',"text":""}',
            b'{"status":200,"reason":"a\\r\\nb","charset":null,"headers":[],"cookies":[],"text":""}',
            b'{"status":200,"reason":null,"charset":null,"headers":[],"cookies":[],"base64":"?"}',
            b'{"status":200,"reason":null,"charset":null,"headers":[],"cookies":[["a","b","c\\r\\nd",'
            b'{}]],"text":""}',
            b'{"status":200,"reason":null,"charset":null,"headers":[],"cookies":[["a","b","c",'
            b'{"path":"/\\r\\nd"}]],"text":""}',
        ):
            self.cache._client.set(":1:key", b'{"django.http.HttpResponse":%s}' % data)
            with self.assertLogs("undercroft", "DEBUG"):
                self.assertIsNone(self.cache.get("key"), data)


class Sessions(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = tempfile.TemporaryDirectory()
        connections.databases["default"]["NAME"] = str(Path(cls.directory.name, "db.sqlite3"))
        call_command("migrate", verbosity=0, interactive=False)

    @classmethod
    def tearDownClass(cls):
        connections.close_all()
        cls.directory.cleanup()
        super().tearDownClass()

    def test_sessions(self):
        """sessions in the cache, alone or before the database, are kept and ended"""
        for engine in ("cache", "cached_db"):
            for alias in ("default", "json"):
                browser = self.browser(
                    SESSIONS,
                    SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
                    SESSION_CACHE_ALIAS=alias,
                )
                pages = [browser.get("/visits/").content for _ in range(3)]
                self.assertEqual(pages, [b"1", b"2", b"3"])
                self.assertEqual(browser.get("/look/").content, b"3")
                cookie = browser.cookies["sessionid"].value
                browser.get("/leave/")
                browser.cookies["sessionid"] = cookie
                self.assertEqual(browser.get("/look/").content, b"nothing")

    def test_planted(self):
        """a session that another program wrote is empty"""
        engine = "django.contrib.sessions.backends.cache"
        browser = self.browser(SESSIONS, SESSION_ENGINE=engine)
        browser.get("/visits/")
        client = self.cache._client
        (key,) = client.keys()
        client.set(key, client.get(key)[:32] + b"\x80\x04}.")
        with self.assertLogs("undercroft", "DEBUG"):
            self.assertEqual(browser.get("/look/").content, b"nothing")

    def test_without_server(self):
        """without the server cached_db works with the database"""
        browser = self.browser(
            SESSIONS,
            SESSION_ENGINE="django.contrib.sessions.backends.cached_db",
            SESSION_CACHE_ALIAS="down",
        )
        with self.outage():
            pages = [browser.get("/visits/").content for _ in range(3)]
        self.assertEqual(pages, [b"1", b"2", b"3"])

    def test_cache_alone_without_server(self):
        """the engine cache delivers pages without the server, but can begin no session"""
        browser = self.browser(
            SESSIONS,
            SESSION_ENGINE="django.contrib.sessions.backends.cache",
            SESSION_CACHE_ALIAS="down",
        )
        browser.cookies["sessionid"] = "a" * 32
        with self.outage():
            self.assertEqual(browser.get("/look/").content, b"nothing")
        with self.assertRaisesRegex(RuntimeError, "cache is unavailable"):
            browser.get("/visits/")
