"""A cache backend for Django.

    CACHES = {
        "default": {
            "BACKEND": "undercroft.django.UndercroftCache",
            "LOCATION": "django@/run/undercroft.sock",  # a host:port needs OPTIONS["SECRET"]
        }
    }

Integers of 64 bits are stored as counters, so that incr and decr are one step at the server. All
other values are pickled and signed with Django's SECRET_KEY, or go through OPTIONS["SERIALIZER"].
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import Any, Callable, Iterable, Mapping, Optional, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.exceptions import ImproperlyConfigured

from . import errors
from .client import Client
from .errors import UndercroftError
from .guarded import SILENT, UNREACHABLE, GuardedClient
from .protocol import NEVER, parse_location
from .serializers import (
    JSONSerializer,
    is_signed,
    make_serializer,
    name_of,
)
from .signing import Signer
from .values import PickleSerializer, Serializer, Undecodable, Unsigned, Values

__all__ = ["JSONSerializer", "PickleSerializer", "Serializer", "UndercroftCache"]

logger = logging.getLogger("undercroft")

_T = TypeVar("_T")

_CLIENT_OPTIONS = (
    "CONNECT_TIMEOUT",
    "REPLY_TIMEOUT",
    "MAX_VALUE_SIZE",
    "CONNECTIONS",
    "IDLE_TIMEOUT",
    "MAX_PACKET_SIZE",
    "SECRET",
    "SHARED_MEMORY",
)

# Of Django's own backends, taken by BaseCache; here the server's options have their place.
_IGNORED_OPTIONS = ("MAX_ENTRIES", "CULL_FREQUENCY")


class UndercroftCache(BaseCache):
    """LOCATION is ``name@host:port`` or ``name@/path.sock``; see docs/guide/python-and-django.md.

    Threads and instances with the same settings share the connections of one client, which are
    kept from one web request to the next.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS") or {})
        serializer = options.pop("SERIALIZER", None)
        self._fail_silently = options.pop("FAIL_SILENTLY", True)
        if not isinstance(self._fail_silently, bool):
            raise ImproperlyConfigured("FAIL_SILENTLY must be True or False")
        for name in _IGNORED_OPTIONS:
            options.pop(name, None)
        self._server = _shared_server(location, options)
        self._client = self._server.client
        if serializer is None:
            _require_secret(location, options)
        made = make_serializer("pickle" if serializer is None else serializer)
        self._values = Values(made, partial(_signer_of, made) if is_signed(made) else None)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Optional[int] = None
    ) -> bool:
        """One step at the server. With a timeout of 0 it says whether it would have stored."""
        made, ttl = self._key(key, version), self._ttl(timeout)
        data = self._encode(made, value)
        return self._ask(lambda _: self._add(made, data, ttl), False)

    def get(self, key: Any, default: Any = None, version: Optional[int] = None) -> Any:
        made = self._key(key, version)
        data = self._ask(lambda client: client.get(made), None)
        return default if data is None else self._decode(made, data, default)

    def get_or_set(
        self,
        key: Any,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: Optional[int] = None,
    ) -> Any:
        """As Django's own method; it also replaces a value that cannot be read."""
        value = self.get(key, _MISSING, version)
        if value is not _MISSING:
            return value
        if callable(default):
            default = default()
        if not self.add(key, default, timeout, version):
            value = self.get(key, _MISSING, version)
            if value is not _MISSING:
                return value
            self.set(key, default, timeout, version)
        return default

    async def aget_or_set(
        self,
        key: Any,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: Optional[int] = None,
    ) -> Any:
        """As ``get_or_set``."""
        return await sync_to_async(self.get_or_set)(key, default, timeout, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Optional[int] = None
    ) -> None:
        """What finds no room is logged, not raised, and the old value goes too, being wrong now."""
        made, ttl = self._key(key, version), self._ttl(timeout)
        data = self._encode(made, value)
        self._ask(lambda _: self._set(made, data, ttl), None)

    def touch(
        self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Optional[int] = None
    ) -> bool:
        made, ttl = self._key(key, version), self._ttl(timeout)
        return self._ask(lambda client: client.touch(made, ttl), False, UNREACHABLE)

    def delete(self, key: Any, version: Optional[int] = None) -> bool:
        made = self._key(key, version)
        return self._ask(lambda client: client.delete(made), False)

    def has_key(self, key: Any, version: Optional[int] = None) -> bool:
        """Whether the cache has an item at this key. ``get`` can still be unable to read its value."""
        made = self._key(key, version)
        return self._ask(lambda client: client.has(made), False)

    def incr(self, key: Any, delta: int = 1, version: Optional[int] = None) -> int:
        """One step at the server, on 64 bits, wrapping. decr() comes here, too.

        Raises ValueError for a key that is not there, TypeError for what is no integer.
        """
        wanted = self._key(key, version)
        if isinstance(delta, bool) or not isinstance(delta, int):
            raise TypeError(f"delta must be an int; got {delta!r}")
        try:
            value = self._ask(
                lambda client: client.incr(wanted, delta, only_present=True), None, UNREACHABLE
            )
        except UndercroftError as error:
            if error.code != errors.NOT_A_COUNTER:
                raise
            raise TypeError(f"The value of key '{key}' is no integer of 64 bits") from error
        if value is None:
            raise ValueError(f"Key '{key}' not found")
        return value

    def get_many(self, keys: Iterable[Any], version: Optional[int] = None) -> dict[Any, Any]:
        wanted = {self._key(key, version): key for key in keys}
        nothing: dict[str, bytes] = {}
        found = self._ask(lambda client: client.get_many(wanted), nothing)
        values = {made: self._decode(made, data, _MISSING) for made, data in found.items()}
        return {wanted[made]: value for made, value in values.items() if value is not _MISSING}

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
        values = {name: self._encode(name, data[key]) for name, key in made.items()}
        failed = self._ask(lambda _: self._set_many(values, ttl), list(values))
        return [made[name] for name in failed]

    def delete_many(self, keys: Iterable[Any], version: Optional[int] = None) -> None:
        made = [self._key(key, version) for key in keys]
        self._ask(lambda client: client.delete_many(made), 0)

    def clear(self) -> None:
        """Deletes everything in the cache, what others stored included.

        Raises UndercroftError even with FAIL_SILENTLY, because the caller would take silence for
        success.
        """
        self._client.clear()

    def counts(self) -> dict[str, int]:
        """Counts the failures that this process has seen at this cache since the process began.

        ``failed``: calls with FAIL_SILENTLY that did not reach the server
        ``skipped``: calls that were not made, because other calls had failed shortly before
        ``unsigned``: values that were not loaded, because their signature is missing or wrong
        ``undecodable``: values that the serializer could not load
        """
        return self._server.health.counts()

    def _ask(
        self,
        call: Callable[[Client], _T],
        otherwise: _T,
        silent: frozenset[str] = SILENT,
    ) -> _T:
        """Returns what the call returns; with FAIL_SILENTLY, ``otherwise`` for ``silent`` errors."""
        if self._fail_silently:
            return self._server.ask(call, otherwise, silent)
        return call(self._client)

    def _add(self, made: str, data: bytes, ttl: float) -> bool:
        if ttl == 0:  # nothing is to be stored, and a uWSGI cannot store for less than a second
            return not self._client.has(made)
        try:
            return self._client.add(made, data, ttl)
        except UndercroftError as error:
            if error.code != errors.VALUE_TOO_LARGE:
                raise
            logger.warning("not cached: '%s': %s", made, error)
            return False

    def _set(self, made: str, data: bytes, ttl: float) -> None:
        if ttl == 0:
            self._client.delete(made)
            return
        try:
            if self._client.set(made, data, ttl):
                return
            logger.warning("not cached: %s has no room for '%s'", self._client, made)
        except UndercroftError as error:
            if error.code != errors.VALUE_TOO_LARGE:
                raise
            logger.warning("not cached: '%s': %s", made, error)
        self._client.delete(made)

    def _set_many(self, values: Mapping[str, bytes], ttl: float) -> list[str]:
        failed = self._client.set_many(values, ttl)
        if failed:
            self._client.delete_many(failed)
            logger.warning("not cached: %s has no room for %s", self._client, failed)
        return failed

    def _key(self, key: Any, version: Optional[int]) -> str:
        made = self.make_key(key, version=version)
        self.validate_key(made)
        return made

    def _ttl(self, timeout: Any) -> float:
        """Django's timeout as a TTL: None is never, and 0 or less is over at once."""
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return NEVER if timeout is None else max(0, timeout)

    def _encode(self, made: str, value: Any) -> bytes:
        return self._values.encode(made, value)

    def _decode(self, made: str, data: bytes, default: Any) -> Any:
        """Returns the value, or ``default`` if its signature is wrong or it cannot be read."""
        try:
            return self._values.decode(made, data)
        except Unsigned:
            self._warn_once("unsigned", _UNSIGNED, made)
        except Undecodable as error:
            self._warn_once("undecodable", _UNDECODABLE, made, error)
        return default

    def _warn_once(self, kind: str, message: str, made: str, error: object = None) -> None:
        """Counts every case and warns about the first, because there can be very many."""
        level = logging.WARNING if self._server.health.count(kind) == 1 else logging.DEBUG
        details = (made,) if error is None else (made, error)
        logger.log(level, message, self._client, *details)


_MISSING = object()

_UNSIGNED = (
    "%r: the value of %r is not signed with this project's SECRET_KEY, so it counts as a miss and "
    "was not deserialized. If an older version, another SERIALIZER or another SECRET_KEY stored it, "
    "clear the cache or add the old key to SECRET_KEY_FALLBACKS. Otherwise find out which other "
    "program writes to this cache. Further values like this are logged at the level DEBUG."
)


_UNDECODABLE = (
    "%r: the value of %r cannot be read (%s), so it counts as a miss. Another SERIALIZER, another "
    "version of this project or another program stored it. Further values like this are logged at "
    "the level DEBUG."
)

_ADVICE = " To get errors instead, set FAIL_SILENTLY to False in OPTIONS."


def _signer_of(serializer: Serializer) -> Signer:
    """Not made before its first use: commands that only check the settings need no SECRET_KEY."""
    return Signer(_secret_keys(), name_of(serializer))


def _secret_keys() -> list[bytes]:
    """SECRET_KEY, which signs values, followed by the keys that are accepted as well."""
    fallbacks = getattr(settings, "SECRET_KEY_FALLBACKS", [])
    if not isinstance(fallbacks, (list, tuple)):
        raise ImproperlyConfigured("SECRET_KEY_FALLBACKS must be a list")
    keys = [settings.SECRET_KEY, *fallbacks]
    if not all(isinstance(key, (str, bytes)) and key for key in keys):
        # An attacker can guess these, and would sign with them. os.environ.get() can give None.
        raise ImproperlyConfigured("SECRET_KEY and SECRET_KEY_FALLBACKS must be text, not empty")
    return [key.encode("utf-8") if isinstance(key, str) else key for key in keys]


def _require_secret(location: str, options: Mapping[str, Any]) -> None:
    _, address = parse_location(location)
    if not address.path and options.get("SECRET") is None:
        raise ImproperlyConfigured(
            f"LOCATION {location!r} is a TCP port, which any user of this machine, and maybe of "
            "other machines, can write to. Use a Unix socket, or give OPTIONS a SECRET that the "
            "server asks for. To do without both, name a SERIALIZER: 'json', or 'pickle', whose "
            "values are signed"
        )


_servers: dict[tuple[object, ...], GuardedClient] = {}
_servers_lock = threading.Lock()


def _shared_server(location: str, options: dict[str, Any]) -> GuardedClient:
    """Django makes a backend for each thread; the connections belong to the process."""
    unknown = sorted(set(options) - set(_CLIENT_OPTIONS))
    if unknown:
        known = ", ".join(("SERIALIZER", "FAIL_SILENTLY", *_CLIENT_OPTIONS))
        raise ImproperlyConfigured(f"unknown OPTIONS {', '.join(unknown)}; there are {known}")
    try:
        identity = (location, *sorted(options.items()))
        with _servers_lock:
            server = _servers.get(identity)
            if server is None:
                arguments = {name.lower(): value for name, value in options.items()}
                client = Client(location, **arguments)
                server = _servers[identity] = GuardedClient(client, _ADVICE)
            return server
    except (UndercroftError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(f"LOCATION or OPTIONS of a cache: {error}") from error
