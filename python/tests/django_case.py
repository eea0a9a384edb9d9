"""What the tests of the Django backend share: settings, a serializer, and waiting for expiry."""

import itertools
import time
import unittest

import django
from django.conf import settings
from django.core.cache import caches
from support import SECRET, SECRET_TCP, UNIX
from undercroft.django import UndercroftCache

BACKEND = "undercroft.django.UndercroftCache"


def custom_key(key, key_prefix, version):
    return "CUSTOM-" + "-".join([key_prefix, str(version), key])


TCP_OPTIONS = {"SECRET": SECRET}
"""What a LOCATION of a host and a port needs next to it."""


if not settings.configured:
    base = {"BACKEND": BACKEND, "LOCATION": f"django@{SECRET_TCP}", "OPTIONS": TCP_OPTIONS}
    settings.configure(
        SECRET_KEY="the key of these settings",
        INSTALLED_APPS=["django.contrib.sessions"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        CACHES={
            "default": base,
            "unix": {"BACKEND": BACKEND, "LOCATION": f"django@{UNIX}"},
            "prefix": {**base, "KEY_PREFIX": "prefix"},
            "v2": {**base, "VERSION": 2},
            "custom": {**base, "KEY_FUNCTION": custom_key},
            "custom2": {**base, "KEY_FUNCTION": "django_case.custom_key"},
            "json": {**base, "OPTIONS": {**TCP_OPTIONS, "SERIALIZER": "json"}},
            "spaces": {**base, "OPTIONS": {**TCP_OPTIONS, "SERIALIZER": "django_case.Spaces"}},
            "forever": {**base, "TIMEOUT": None},
            "nothing": {**base, "TIMEOUT": 0},
            "negative": {**base, "TIMEOUT": -1},
            "down": {"BACKEND": BACKEND, "LOCATION": "django@/nonexistent/undercroft.sock"},
            "tiny": {**base, "LOCATION": f"tiny@{SECRET_TCP}"},
        },
    )
    django.setup()


_durations = itertools.count(20_000)


def fresh_cache(location, **options):
    """A backend that shares its client, and what is known of the server, with no other."""
    options["IDLE_TIMEOUT"] = next(_durations) / 1000
    return UndercroftCache(location, {"OPTIONS": options})


class Spaces:
    """A serializer that makes bytes of any size, ending in spaces if so wanted."""

    def dumps(self, value):
        return value.encode()

    def loads(self, data):
        return data.decode()


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
