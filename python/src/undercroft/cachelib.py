"""A cache for cachelib, which Flask-Session and others use.

    cache = UndercroftCache("flask@/run/undercroft.sock", secret_key=app.secret_key)

Integers of 64 bits are stored as counters, so that inc and dec are one step at the server. All other
values are pickled and signed with the secret key.
"""

from __future__ import annotations

import logging
from typing import Any, Optional, Union

from cachelib.base import BaseCache

from . import errors
from .client import Client
from .errors import UndercroftError
from .guarded import GuardedClient
from .protocol import NEVER
from .signing import Signer
from .values import PickleSerializer, Undecodable, Unsigned, Values

__all__ = ["UndercroftCache"]

logger = logging.getLogger("undercroft")


class UndercroftCache(BaseCache):
    """A cache at an undercroft server. A server that is down is a miss, with a line in the log.

    ``clear`` empties the whole cache, items with other prefixes included.
    """

    def __init__(
        self,
        location: str,
        *,
        secret_key: Union[str, bytes],
        default_timeout: int = 300,
        key_prefix: str = "",
        **client_options: Any,
    ) -> None:
        """Connects to nothing yet. Raises UndercroftError.

        location: ``name@host:port`` or ``name@/path.sock``
        secret_key: signs pickles, so that a program that can only write to the cache runs no code
        default_timeout: seconds; 0 is never
        key_prefix: comes before each key
        client_options: those of ``undercroft.Client``, such as ``secret`` and ``shared_memory``
        """
        super().__init__(default_timeout)
        if not isinstance(secret_key, (str, bytes)) or not secret_key:
            what = "secret_key must be text or bytes, not empty; values are signed with it"
            raise UndercroftError(errors.OPTION_INVALID, what)
        secret = secret_key.encode("utf-8") if isinstance(secret_key, str) else secret_key
        signer = Signer([secret], "undercroft.cachelib")
        self._key_prefix = key_prefix
        self._values = Values(PickleSerializer(), lambda: signer)
        self._server = GuardedClient(Client(location, **client_options))

    def get(self, key: str) -> Any:
        made = self._key_prefix + key
        data = self._server.ask(lambda client: client.get(made), None)
        return None if data is None else self._decode(made, data)

    def get_many(self, *keys: str) -> list[Any]:
        made = [self._key_prefix + key for key in keys]
        nothing: dict[str, bytes] = {}
        found = self._server.ask(lambda client: client.get_many(made), nothing)
        return [self._decode(name, found[name]) if name in found else None for name in made]

    def set(self, key: str, value: Any, timeout: Optional[int] = None) -> bool:
        """False: not stored, and then the old value is gone as well."""
        made = self._key_prefix + key
        data = self._values.encode(made, value)
        return self._server.ask(lambda client: _set(client, made, data, self._ttl(timeout)), False)

    def add(self, key: str, value: Any, timeout: Optional[int] = None) -> bool:
        """One step at the server: of several processes one gets True."""
        made = self._key_prefix + key
        data = self._values.encode(made, value)
        return self._server.ask(lambda client: _add(client, made, data, self._ttl(timeout)), False)

    def delete(self, key: str) -> bool:
        made = self._key_prefix + key
        return self._server.ask(lambda client: client.delete(made), False)

    def delete_many(self, *keys: str) -> list[str]:
        """The keys that were there. The base class of Flask-Caching stops at one that is not."""
        return [key for key in keys if self.delete(key)]

    def has(self, key: str) -> bool:
        made = self._key_prefix + key
        return self._server.ask(lambda client: client.has(made), False)

    def clear(self) -> bool:
        def clear(client: Client) -> bool:
            client.clear()
            return True

        return self._server.ask(clear, False)

    def inc(self, key: str, delta: int = 1) -> Optional[int]:
        """One step at the server, on 64 bits. Raises TypeError if the value is no integer."""
        made, ttl = self._key_prefix + key, self._ttl(None)
        try:
            return self._server.ask(
                lambda client: client.incr(made, delta, initial=0, ttl=ttl), None
            )
        except UndercroftError as error:
            if error.code != errors.NOT_A_COUNTER:
                raise
            raise TypeError(f"the value of key {key!r} is no integer of 64 bits") from error

    def dec(self, key: str, delta: int = 1) -> Optional[int]:
        """As ``inc``, subtracting."""
        return self.inc(key, -delta)

    def close(self) -> None:
        """Closes the connections."""
        self._server.client.close()

    def counts(self) -> dict[str, int]:
        """Counts the failures of this process: see ``undercroft.django.UndercroftCache.counts``."""
        return self._server.health.counts()

    def _decode(self, made: str, data: bytes) -> Any:
        try:
            return self._values.decode(made, data)
        except Unsigned:
            self._warn_once("unsigned", made, "is not signed with the secret key")
        except Undecodable as error:
            self._warn_once("undecodable", made, f"cannot be read ({error})")
        return None

    def _warn_once(self, kind: str, made: str, what: str) -> None:
        """Counts every case and warns about the first, because there can be very many."""
        level = logging.WARNING if self._server.health.count(kind) == 1 else logging.DEBUG
        logger.log(level, _UNREADABLE, self._server.client, made, what)

    def _ttl(self, timeout: Optional[int]) -> float:
        seconds = self.default_timeout if timeout is None else timeout
        return NEVER if seconds == 0 else max(0, seconds)


_UNREADABLE = (
    "%r: the value of %r %s, so it counts as a miss. Further values like this are logged at the "
    "level DEBUG."
)


def _set(client: Client, made: str, data: bytes, ttl: float) -> bool:
    """An old value that could not be replaced is wrong, so it is deleted."""
    try:
        if client.set(made, data, ttl):
            return True
        logger.warning("not cached: %s has no room for '%s'", client, made)
    except UndercroftError as error:
        if error.code != errors.VALUE_TOO_LARGE:
            raise
        logger.warning("not cached: '%s': %s", made, error)
    client.delete(made)
    return False


def _add(client: Client, made: str, data: bytes, ttl: float) -> bool:
    try:
        return client.add(made, data, ttl)
    except UndercroftError as error:
        if error.code != errors.VALUE_TOO_LARGE:
            raise
        logger.warning("not cached: '%s': %s", made, error)
        return False
