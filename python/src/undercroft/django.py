"""A cache backend for Django.

    CACHES = {
        "default": {
            "BACKEND": "undercroft.django.UndercroftCache",
            "LOCATION": "django@127.0.0.1:3031",  # or "django@/run/undercroft.sock"
        }
    }

Integers of 64 bits are stored as counters, so that incr and decr are one step at the server. All
else is pickled, or goes through OPTIONS["SERIALIZER"].
"""

from __future__ import annotations

import json
import logging
import pickle
import threading
from typing import Any, Iterable, Mapping, Optional, Protocol

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from . import errors
from .client import Client
from .errors import UndercroftError
from .protocol import NEVER, decode_counter, encode_counter, is_int64

logger = logging.getLogger("undercroft")

_CLIENT_OPTIONS = (
    "CONNECT_TIMEOUT",
    "REPLY_TIMEOUT",
    "MAX_VALUE_SIZE",
    "CONNECTIONS",
    "IDLE_TIMEOUT",
    "MAX_PACKET_SIZE",
    "SECRET",
)

# Of Django's own backends, taken by BaseCache; here the server's options have their place.
_IGNORED_OPTIONS = ("MAX_ENTRIES", "CULL_FREQUENCY")

_COUNTER_SIZE = 8


class Serializer(Protocol):
    """What OPTIONS["SERIALIZER"] names: a class, or an object or module with these functions."""

    def dumps(self, value: Any, /) -> bytes: ...

    def loads(self, data: bytes, /) -> Any: ...


class PickleSerializer:
    """As Django's own backends. Whoever can write to the cache can run code in this process."""

    def dumps(self, value: Any) -> bytes:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)

    def loads(self, data: bytes) -> Any:
        return pickle.loads(data)


class JSONSerializer:
    """Readable from Node. Tuples come back as lists, and keys of dictionaries as text."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


_SERIALIZERS = {"pickle": PickleSerializer, "json": JSONSerializer}


class UndercroftCache(BaseCache):
    """LOCATION is ``name@host:port`` or ``name@/path.sock``; see docs/guide/python-and-django.md.

    Threads and instances with the same settings share the connections of one client, which are
    kept from one web request to the next.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS") or {})
        self._serializer = _make_serializer(options.pop("SERIALIZER", "pickle"))
        for name in _IGNORED_OPTIONS:
            options.pop(name, None)
        self._client = _shared_client(location, options)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Optional[int] = None
    ) -> bool:
        """One step at the server. With a timeout of 0 it says whether it would have stored."""
        data = self._encode(value)
        try:
            return self._client.add(self._key(key, version), data, self._ttl(timeout))
        except UndercroftError as error:
            if error.code != errors.VALUE_TOO_LARGE:
                raise
            logger.warning("not cached: '%s': %s", key, error)
            return False

    def get(self, key: Any, default: Any = None, version: Optional[int] = None) -> Any:
        data = self._client.get(self._key(key, version))
        return default if data is None else self._decode(data)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Optional[int] = None
    ) -> None:
        """What finds no room is logged, not raised, and the old value goes too, being wrong now."""
        made, ttl = self._key(key, version), self._ttl(timeout)
        if ttl == 0:
            self._client.delete(made)
            return
        try:
            if self._client.set(made, self._encode(value), ttl):
                return
            logger.warning("not cached: %s has no room for '%s'", self._client, made)
        except UndercroftError as error:
            if error.code != errors.VALUE_TOO_LARGE:
                raise
            logger.warning("not cached: '%s': %s", made, error)
        self._client.delete(made)

    def touch(
        self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Optional[int] = None
    ) -> bool:
        return self._client.touch(self._key(key, version), self._ttl(timeout))

    def delete(self, key: Any, version: Optional[int] = None) -> bool:
        return self._client.delete(self._key(key, version))

    def has_key(self, key: Any, version: Optional[int] = None) -> bool:
        return self._client.has(self._key(key, version))

    def incr(self, key: Any, delta: int = 1, version: Optional[int] = None) -> int:
        """One step at the server, on 64 bits, wrapping. decr() comes here, too.

        Raises ValueError for a key that is not there, TypeError for what is no integer.
        """
        wanted = self._key(key, version)
        if isinstance(delta, bool) or not isinstance(delta, int):
            raise TypeError(f"delta must be an int; got {delta!r}")
        try:
            value = self._client.incr(wanted, delta, only_present=True)
        except UndercroftError as error:
            if error.code != errors.NOT_A_COUNTER:
                raise
            raise TypeError(f"The value of key '{key}' is no integer of 64 bits") from error
        if value is None:
            raise ValueError(f"Key '{key}' not found")
        return value

    def get_many(self, keys: Iterable[Any], version: Optional[int] = None) -> dict[Any, Any]:
        wanted = {self._key(key, version): key for key in keys}
        found = self._client.get_many(wanted)
        return {wanted[made]: self._decode(data) for made, data in found.items()}

    def set_many(
        self,
        data: Mapping[Any, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: Optional[int] = None,
    ) -> list[Any]:
        """The keys that could not be stored, whose old values are gone as well."""
        ttl = self._ttl(timeout)
        if ttl == 0:
            self.delete_many(data, version)
            return []
        made = {self._key(key, version): key for key in data}
        values = {name: self._encode(data[key]) for name, key in made.items()}
        failed = self._client.set_many(values, ttl)
        if failed:
            self._client.delete_many(failed)
            logger.warning("not cached: %s has no room for %s", self._client, failed)
        return [made[name] for name in failed]

    def delete_many(self, keys: Iterable[Any], version: Optional[int] = None) -> None:
        self._client.delete_many([self._key(key, version) for key in keys])

    def clear(self) -> None:
        """Deletes everything in the cache, what others stored included."""
        self._client.clear()

    def _key(self, key: Any, version: Optional[int]) -> str:
        made = self.make_key(key, version=version)
        self.validate_key(made)
        return made

    def _ttl(self, timeout: Any) -> float:
        """Django's timeout as a TTL: None is never, and 0 or less is over at once."""
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return NEVER if timeout is None else max(0, timeout)

    def _encode(self, value: Any) -> bytes:
        """What is no counter must not have the size of one, so it gets a space more, or one more
        than the serializer itself put there. JSON and pickle would ignore it."""
        if type(value) is int and is_int64(value):
            return encode_counter(value)
        data = self._serializer.dumps(value)
        return data + b" " if len(data.rstrip(b" ")) <= _COUNTER_SIZE <= len(data) else data

    def _decode(self, data: bytes) -> Any:
        if len(data) == _COUNTER_SIZE:
            return decode_counter(data)
        is_padded = len(data.rstrip(b" ")) <= _COUNTER_SIZE < len(data)
        return self._serializer.loads(data[:-1] if is_padded else data)


_clients: dict[tuple[object, ...], Client] = {}
_clients_lock = threading.Lock()


def _shared_client(location: str, options: dict[str, Any]) -> Client:
    """Django makes a backend for each thread; the connections belong to the process."""
    unknown = sorted(set(options) - set(_CLIENT_OPTIONS))
    if unknown:
        known = ", ".join(("SERIALIZER", *_CLIENT_OPTIONS))
        raise ImproperlyConfigured(f"unknown OPTIONS {', '.join(unknown)}; there are {known}")
    try:
        identity = (location, *sorted(options.items()))
        with _clients_lock:
            client = _clients.get(identity)
            if client is None:
                arguments = {name.lower(): value for name, value in options.items()}
                client = _clients[identity] = Client(location, **arguments)
            return client
    except (UndercroftError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(f"LOCATION or OPTIONS of a cache: {error}") from error


def _make_serializer(given: Any) -> Serializer:
    serializer = _SERIALIZERS.get(given) if isinstance(given, str) else given
    if serializer is None:
        serializer = import_string(given)
    if callable(serializer):
        serializer = serializer()
    if not hasattr(serializer, "dumps") or not hasattr(serializer, "loads"):
        raise ImproperlyConfigured(f"SERIALIZER must have dumps and loads; got {given!r}")
    return serializer
